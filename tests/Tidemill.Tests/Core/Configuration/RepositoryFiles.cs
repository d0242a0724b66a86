using System.Runtime.CompilerServices;

namespace Tidemill.Tests.Core.Configuration;

/// <summary>Files of the repository, found from where this source file was compiled.</summary>
internal static class RepositoryFiles
{
    public static string Root { get; } = FindRoot();

    public static string Transactions => Path.Combine(Root, "examples", "transactions");

    private static string FindRoot([CallerFilePath] string source = "")
    {
        foreach (var start in new[] { AppContext.BaseDirectory, Path.GetDirectoryName(source)! })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (File.Exists(Path.Combine(folder.FullName, "Tidemill.slnx")))
                    return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException("No folder above the tests holds Tidemill.slnx.");
    }
}
