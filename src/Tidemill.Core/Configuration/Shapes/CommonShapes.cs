namespace Tidemill.Core.Configuration.Shapes;

/// <summary>Shapes that several files use.</summary>
public static class CommonShapes
{
    /// <summary>Streams, workflows, tasks, sinks and targets.</summary>
    public static readonly TextShape Name = new("^[A-Za-z0-9_-]{1,100}$", "a name of letters, digits, - and _, at most 100");

    /// <summary>Kafka's rule, kept for the embedded log so that a project can move.</summary>
    public static readonly TextShape Topic = new("^[A-Za-z0-9._-]{1,249}$", "a topic name of letters, digits, '.', - and _, at most 249");

    /// <summary>PostgreSQL cuts longer names.</summary>
    public static readonly TextShape Column = new("^[^\"\\x00]{1,63}$", "a column name of at most 63 characters without quotes");

    public static readonly ListShape Columns = new(Column, MinItems: 1);

    public static readonly TextShape Table =
        new("^[^\".\\x00]{1,63}(\\.[^\".\\x00]{1,63})?$", "a table name, such as transactions or public.transactions");

    public static readonly TextShape Sql = new("[^ \\t\\r\\n]", "SQL text");

    /// <summary>A setting of Kafka's, of a topic or of a client.</summary>
    public static readonly TextShape PropertyName = new("^[a-z][a-z0-9._]*$", "a property's name, such as linger.ms");

    public static readonly NumberShape Share = new(0, 1, Whole: false);

    /// <summary>Types of an index's fields, by Elasticsearch's names.</summary>
    public static readonly ChoiceShape SearchType = new("date", "integer", "long", "float", "double", "keyword", "text", "boolean");
}
