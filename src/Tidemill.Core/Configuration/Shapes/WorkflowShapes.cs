namespace Tidemill.Core.Configuration.Shapes;

/// <summary>workflows/*.yaml.</summary>
internal static class WorkflowShapes
{
    private static readonly EitherShape Names = new(CommonShapes.Name, new ListShape(CommonShapes.Name));

    private static readonly TextShape Selector =
        new("^[+]?[A-Za-z0-9_-]+[+]?$", "a model's name, +name (with all before it) or name+ (with all after it)");

    public static readonly ChoiceShape SearchType = new("date", "integer", "long", "float", "double", "keyword", "text", "boolean");

    // The five fields are parsed where they are planned; here their number and letters are checked.
    public static readonly TextShape Schedule = new(
        "^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$|^[0-9A-Za-z*?,/#-]+( +[0-9A-Za-z*?,/#-]+){4}$",
        "a cron expression of five fields, such as \"0 * * * *\", or @hourly, @daily, @weekly, @monthly or @yearly");

    public static readonly ObjectShape Index = new(
        new Property("name", new TextShape("^[a-z0-9][a-z0-9._-]{0,254}$", "an index name of lower-case letters, digits, '.', - and _"), "Index written.") { Required = true },
        new Property("query", CommonShapes.Sql, "SELECT whose rows become documents.") { Required = true },
        new Property("id", CommonShapes.Column, "Column whose text is the document's id.") { Required = true },
        new Property("mapping", new MapShape(CommonShapes.Column, SearchType), "Elasticsearch type by column. Default: by the column's SQL type."));

    public static readonly ObjectShape Task = new(
        new Property("name", CommonShapes.Name, "The task's name.") { Required = true },
        new Property("depends_on", Names, "Tasks that must succeed first. Default: the order written, when no task has the key."),
        new Property("models", new EitherShape(Selector, new ListShape(Selector)), "Models to run; []: all."),
        new Property("sql", new EitherShape(CommonShapes.Sql, new ListShape(CommonShapes.Sql, MinItems: 1)), "Statements to run in one transaction."),
        new Property("index", Index, "Writes a query's rows as documents."),
        new Property("retries", new NumberShape(0, 1000, Whole: true), "Further attempts after a failure, of whatever kind.") { Default = "0" },
        new Property("retry_delay", new DurationShape(TimeSpan.Zero), "Wait before the first retry; doubled for each further one.") { Default = "5s" },
        new Property("timeout", new DurationShape(TimeSpan.FromMilliseconds(1)), "An attempt is stopped after this. Default: none."));

    public static readonly ObjectShape TargetOverride = new(
        new Property("schedule", Schedule, "Schedule in this target; empty: by hand only.") { Nullable = true });

    public static readonly ObjectShape Root = new(
        new Property("name", CommonShapes.Name, "The workflow's name. Default: the file's name."),
        new Property("schedule", Schedule, "When it runs. Default: by hand only."),
        new Property("timezone", new TimeZoneShape(), "IANA time zone that the schedule is read in.") { Default = "UTC" },
        new Property("targets", new MapShape(CommonShapes.Name, TargetOverride), "What differs by target."),
        new Property("tasks", new ListShape(Task, MinItems: 1), "The tasks.") { Required = true });
}
