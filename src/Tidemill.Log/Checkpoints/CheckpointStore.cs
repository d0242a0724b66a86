using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Tidemill.Core.Logs;
using Tidemill.Log.Storage;

namespace Tidemill.Log.Checkpoints;

/// <summary>Checkpoints of producers on disk, one file an owner in <c>checkpoints/</c>, named by the owner's hash.</summary>
internal sealed class CheckpointStore(EmbeddedLog log, IFileSystem files, string root, TimeProvider time) : IAsyncDisposable
{
    private const string Suffix = ".checkpoint";

    private readonly ConcurrentDictionary<ProducerOwner, OwnerCheckpoint> _owners = new();

    private string Folder => Path.Combine(root, "checkpoints");

    /// <summary>Finishes every call that a crash cut short.</summary>
    public async Task RecoverAsync(CancellationToken cancellationToken)
    {
        files.CreateFolder(Folder);
        files.FlushFolder(root);
        foreach (string name in files.Files(Folder))
        {
            string path = Path.Combine(Folder, name);
            if (name.EndsWith(AtomicFile.TemporarySuffix, StringComparison.Ordinal)) files.DeleteFile(path);
            if (!name.EndsWith(Suffix, StringComparison.Ordinal)) continue;
            var owner = CheckpointContent.Read(AtomicFile.ReadAll(files, path), path).Owner;
            await Of(owner).ReadAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var owner in _owners.Values) await owner.DisposeAsync();
    }

    public OwnerCheckpoint Of(ProducerOwner owner) =>
        _owners.GetOrAdd(owner, o => new OwnerCheckpoint(log, files, Folder, NameOf(o), o, time));

    private static string NameOf(ProducerOwner owner) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owner.ToString())))[..32] + Suffix;
}
