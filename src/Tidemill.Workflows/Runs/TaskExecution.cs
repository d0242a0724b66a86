using System.Diagnostics;
using Tidemill.Core.Components;
using Tidemill.Core.Errors;
using Tidemill.Core.Telemetry;
using Tidemill.Workflows.Planning;

namespace Tidemill.Workflows.Runs;

/// <summary>One task of a run: its attempts, and the waits between them.</summary>
internal sealed class TaskExecution(
    WorkflowRunner runner, WorkflowRun run, PlannedTask task, CancellationToken work, CancellationToken history)
{
    private TaskSnapshot _snapshot = new(task.Name, TaskState.Waiting) { MaxAttempts = task.MaxAttempts };

    /// <summary>Attempts until one succeeds, none is left or the work is stopped. Throws only when recording fails.</summary>
    public async Task<TaskSnapshot> RunAsync(Func<TaskState> stoppedState)
    {
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                await runner.Slots.WaitAsync(work);
                try
                {
                    await AttemptAsync(attempt, stoppedState);
                }
                finally
                {
                    runner.Slots.Release();
                }

                if (_snapshot.State != TaskState.Failed || attempt == task.MaxAttempts)
                    return _snapshot;

                var delay = task.DelayAfter(attempt);
                Change(_snapshot with { State = TaskState.UpForRetry, RetryAt = runner.Time.GetUtcNow() + delay }, null);
                await Task.Delay(delay, runner.Time, work);
            }
        }
        catch (OperationCanceledException) when (work.IsCancellationRequested && !history.IsCancellationRequested)
        {
            // Stopped while it waited for a slot or for its next attempt.
            Change(_snapshot with { State = _snapshot.Attempt == 0 ? TaskState.Waiting : stoppedState(), RetryAt = null }, null);
            return _snapshot;
        }
    }

    private async Task AttemptAsync(int attempt, Func<TaskState> stoppedState)
    {
        var row = runner.NewAttempt(run, task, attempt);
        await runner.SaveAsync(row, history);
        Change(
            new TaskSnapshot(task.Name, TaskState.Running) { Attempt = attempt, MaxAttempts = task.MaxAttempts, StartTime = row.StartTime },
            null);
        Exception? failure = null;
        try
        {
            row = row with { Status = TaskState.Success, RecordsProcessed = await TraceAsync(attempt) };
        }
        catch (Exception error) when (work.IsCancellationRequested)
        {
            row = row with { Status = stoppedState(), ErrorMessage = "Stopped while it ran." };
            failure = error;
        }
        catch (Exception error)
        {
            row = row with { Status = TaskState.Failed, ErrorCode = CodeOf(error), ErrorMessage = Describe(error) };
            failure = error;
        }

        var ended = runner.Time.GetUtcNow();
        row = row with { EndTime = ended };
        Meters.AttemptDuration.Record(
            (ended - row.StartTime).TotalSeconds,
            Meters.Workflow(run.Workflow), Meters.Task(task.Name), Meters.Status(StatusName.Of(row.Status)));
        await runner.SaveAsync(row, history);
        Change(
            _snapshot with
            {
                State = row.Status.Known!.Value,
                RecordsProcessed = row.RecordsProcessed,
                EndTime = row.EndTime,
                ErrorMessage = row.ErrorMessage,
            },
            failure);
    }

    private Task<long> TraceAsync(int attempt) => Spans.TraceAsync(
        Spans.Attempt, ActivityKind.Internal, _ => ExecuteAsync(attempt),
        Meters.Workflow(run.Workflow), Meters.Task(task.Name), new("tidemill.workflow.attempt", attempt));

    private async Task<long> ExecuteAsync(int attempt)
    {
        using var timeout = new CancellationTokenSource(task.Timeout ?? Timeout.InfiniteTimeSpan, runner.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, work);
        var context = new TaskContext(run.Id, run.Workflow, task.Name, attempt, run.Interval, runner.Stores);
        try
        {
            return (await task.Action.Kind.RunAsync(task.Action, context, either.Token)).Records;
        }
        catch (Exception error) when (timeout.IsCancellationRequested && !work.IsCancellationRequested)
        {
            throw new TidemillException(ErrorCode.TimedOut, $"The task did not end within {task.Timeout}.", error);
        }
    }

    private void Change(TaskSnapshot next, Exception? error)
    {
        _snapshot = next;
        runner.Publish(new RunEvent(run, _snapshot, error));
    }

    private static ErrorCode CodeOf(Exception error) => (error as TidemillException)?.Code ?? ErrorCode.Internal;

    /// <summary>Code, message and remedy. Messages of other exceptions may hold cell values and are left to the log.</summary>
    private static string Describe(Exception error) => error is TidemillException known
        ? $"{known.Code}: {known.Message} {known.Rule.Remedy}"
        : $"{ErrorCode.Internal}: {error.GetType().Name}. {ErrorCatalog.Rule(ErrorCode.Internal).Remedy}";
}
