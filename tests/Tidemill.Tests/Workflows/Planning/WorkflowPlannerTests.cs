using Tidemill.Core.Configuration;
using Tidemill.Core.Errors;
using Tidemill.Models.Tasks;
using Tidemill.Workflows.Planning;
using Tidemill.Workflows.Tasks.Index;
using Tidemill.Workflows.Tasks.Sql;
using static Tidemill.Tests.Workflows.Definitions;

namespace Tidemill.Tests.Workflows.Planning;

public sealed class WorkflowPlannerTests
{
    [Fact]
    public void Without_depends_on_tasks_run_in_the_order_written()
    {
        var plan = WorkflowPlanner.Plan(Workflow(NewTask("b"), NewTask("a"), NewTask("c")));
        Assert.Equal(["b", "a", "c"], plan.Tasks.Select(task => task.Name));
        Assert.Equal([0, 1, 2], plan.Tasks.Select(task => task.Stage));
        Assert.Equal(["a"], plan.Tasks[2].DependsOn);
    }

    [Fact]
    public void With_depends_on_each_task_comes_after_what_it_depends_on()
    {
        var plan = WorkflowPlanner.Plan(Workflow(
            NewTask("report", "left", "right"), NewTask("left", "load"), NewTask("right", "load"), NewTask("load"), NewTask("alone")));
        Assert.Equal(["load", "alone", "left", "right", "report"], plan.Tasks.Select(task => task.Name));
        Assert.Equal([0, 0, 1, 1, 2], plan.Tasks.Select(task => task.Stage));
        Assert.Empty(plan.Tasks[1].DependsOn);
    }

    [Fact]
    public void Any_order_of_writing_gives_a_plan_in_which_dependencies_come_first()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var i = 0; i < 200; i++)
        {
            var names = Enumerable.Range(0, random.Next(1, 30)).Select(n => $"t{n}").ToArray();
            var tasks = names.Select((name, n) => NewTask(name, [.. names.Take(n).Where(_ => random.Next(4) == 0)])).ToArray();
            random.Shuffle(tasks);
            var plan = WorkflowPlanner.Plan(Workflow(tasks));
            var seen = new HashSet<string>();
            foreach (var task in plan.Tasks)
            {
                Assert.True(task.DependsOn.All(seen.Contains), $"seed {seed}, case {i}: {task.Name} stands too early.");
                seen.Add(task.Name);
            }

            Assert.Equal(names.Length, seen.Count);
        }
    }

    [Fact]
    public void A_cycle_is_named_with_its_line()
    {
        var error = Assert.Throws<TidemillException>(
            () => WorkflowPlanner.Plan(Workflow(NewTask("a"), NewTask("b", "d"), NewTask("c", "b"), NewTask("d", "c"))));
        var cycle = Assert.Single(error.ConfigErrors);
        Assert.Equal("The tasks wait for each other: b -> d -> c -> b.", cycle.Problem);
        Assert.Equal(("workflows/w.yaml", 7), (cycle.File, cycle.Line));
    }

    [Fact]
    public void All_errors_come_at_once()
    {
        var workflow = Workflow(NewTask("a", "nobody"), NewTask("a") with { Retries = -1, Timeout = TimeSpan.Zero }) with
        {
            Schedule = "0 25 * * *",
            TimeZone = "Mars/Olympus",
        };
        var paths = WorkflowValidator.Validate(workflow).Select(error => error.Path);
        Assert.Equal(["schedule", "timezone", "tasks.a.name", "tasks.a.retries", "tasks.a.timeout", "tasks.a.depends_on"], paths);
    }

    [Fact]
    public void Waits_between_attempts_double_up_to_an_hour()
    {
        var task = WorkflowPlanner.Plan(Workflow(NewTask("a") with { Retries = 20, RetryDelay = TimeSpan.FromSeconds(5) })).Tasks[0];
        Assert.Equal(21, task.MaxAttempts);
        Assert.Equal([5, 10, 20, 40], Enumerable.Range(1, 4).Select(n => task.DelayAfter(n).TotalSeconds));
        Assert.Equal(TimeSpan.FromHours(1), task.DelayAfter(20));
        Assert.Equal(TimeSpan.FromHours(3), (task with { RetryDelay = TimeSpan.FromHours(3) }).DelayAfter(2));
        Assert.Equal(TimeSpan.Zero, (task with { RetryDelay = TimeSpan.Zero }).DelayAfter(3));
    }

    [Fact]
    public void A_plan_says_what_its_tasks_do()
    {
        var sql = new SqlText("SELECT 1", "workflows/w.yaml", 3);
        var plan = WorkflowPlanner.Plan(Workflow(
            NewTask("m") with { Action = new ModelsAction(["clean+"]) },
            NewTask("all") with { Action = new ModelsAction([]) },
            NewTask("s") with { Action = new SqlAction([sql, sql]) },
            NewTask("i") with { Action = new IndexAction("hours", sql, "hour", new Dictionary<string, string>()) }));
        Assert.Equal(
            ["run models clean+", "run all models", "run 2 statements in one transaction", "write documents to index hours, id from hour"],
            plan.Tasks.Select(task => task.Summary));
    }
}
