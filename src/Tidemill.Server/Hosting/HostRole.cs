namespace Tidemill.Server.Hosting;

/// <summary>Which of a project's parts a process runs.</summary>
public enum HostRole
{
    /// <summary>Streams, generators and workflows, with API and console.</summary>
    Server,

    /// <summary>
    /// Streams that read a topic, and nothing else; the workers and servers of one project share the topics' partitions.
    /// </summary>
    Worker,

    /// <summary>Nothing by itself: the API for the length of one command.</summary>
    Command,
}
