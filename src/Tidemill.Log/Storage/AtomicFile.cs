namespace Tidemill.Log.Storage;

/// <summary>Small files replaced whole: after a crash the old content or the new one is there, never a mixture.</summary>
internal static class AtomicFile
{
    /// <summary>Leftovers of a crash end in this and are removed on open.</summary>
    public const string TemporarySuffix = ".tmp";

    /// <summary>When <paramref name="durable"/>, the new content survives a power cut once this returns; else the old one may
    /// come back.</summary>
    public static void Replace(IFileSystem files, string folder, string name, byte[] content, bool durable)
    {
        string path = Path.Combine(folder, name);
        string temporary = path + TemporarySuffix;
        using (var file = files.Open(temporary, FileOpen.Write))
        {
            file.SetLength(0);
            file.Write([content], 0);
            if (durable) file.Flush();
        }

        files.Rename(temporary, path);
        if (durable) files.FlushFolder(folder);
    }

    public static byte[] ReadAll(IFileSystem files, string path)
    {
        using var file = files.Open(path, FileOpen.Read);
        byte[] content = new byte[file.Length];
        int read = file.Read(content, 0);
        return read == content.Length ? content : content[..read];
    }
}
