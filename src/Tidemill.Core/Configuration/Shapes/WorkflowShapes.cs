using Tidemill.Core.Components;

namespace Tidemill.Core.Configuration.Shapes;

/// <summary>workflows/*.yaml.</summary>
internal sealed class WorkflowShapes
{
    private static readonly EitherShape Names = new(CommonShapes.Name, new ListShape(CommonShapes.Name));

    private static readonly NumberShape Count = new(0, 1000, Whole: true);

    // The five fields are parsed where they are planned; here their number and letters are checked.
    public static readonly TextShape Schedule = new(
        "^@(hourly|daily|midnight|weekly|monthly|yearly|annually)$|^[0-9A-Za-z*?,/#-]+( +[0-9A-Za-z*?,/#-]+){4}$",
        "a cron expression of five fields, such as \"0 * * * *\", or @hourly, @daily, @weekly, @monthly or @yearly");

    public static readonly ObjectShape TargetOverride = new(
        new Property("schedule", Schedule, "Schedule in this target; empty: by hand only.") { Nullable = true });

    public WorkflowShapes(ComponentKinds kinds)
    {
        Task = new ObjectShape(
        [
            new Property("name", CommonShapes.Name, "The task's name.") { Required = true },
            new Property("depends_on", Names, "Tasks that must succeed first. When any task of the workflow has this key, tasks "
                + "without it start at once. Default: the order written."),
            .. kinds.Tasks.Select(FileShapes.Of),
            new Property("retries", Count, "Further attempts after a failure, of whatever kind.") { Default = "0" },
            new Property("retry_delay", new DurationShape(TimeSpan.Zero), "Wait before the first retry; doubled for each further one.")
            {
                Default = "5s",
            },
            new Property("timeout", new DurationShape(TimeSpan.FromMilliseconds(1)), "An attempt is stopped after this. Default: none."),
        ]);
        Root = new ObjectShape(
            new Property("name", CommonShapes.Name, "The workflow's name; runs are recorded under it. Default: the file's name."),
            new Property("schedule", Schedule, "A cron expression of five fields, or @hourly, @daily, @midnight, @weekly, @monthly, "
                + "@yearly, @annually. Default: by hand only."),
            new Property("timezone", new TimeZoneShape(), "IANA time zone that the schedule is read in.") { Default = "UTC" },
            new Property("targets", new MapShape(CommonShapes.Name, TargetOverride), "What differs by target: another schedule."),
            new Property("tasks", new ListShape(Task, MinItems: 1), "The tasks.") { Required = true });
    }

    public ObjectShape Task { get; }

    public ObjectShape Root { get; }
}
