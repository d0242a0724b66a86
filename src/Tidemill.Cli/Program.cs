using System.CommandLine;
using Tidemill.Cli.Commands;

Tidemill.Cli.Terminal.Prepare();
var root = new RootCommand("Tidemill: events, database changes and files into trusted, fresh analytics.")
{
    UpCommand.Create(),
    WorkerCommand.Create(),
    InitCommand.Create(),
    CheckCommand.Create(),
    StatusCommand.Create(),
    QueryCommand.Create(),
    RunCommand.Create(),
    GenerateCommand.Create(),
    VerifyCommand.Create(),
    DeadLettersCommand.Create(),
    SchemaChangesCommand.Create(),
    TopicsCommand.Create(),
    GroupsCommand.CreateGroups(),
    GroupsCommand.CreateStreams(),
    ReplayCommand.Create(),
    DoctorCommand.Create(),
};
var parsed = root.Parse(args);
return parsed.Errors.Count > 0
    ? await parsed.InvokeAsync() is 0 ? 0 : Tidemill.Cli.ExitCode.Usage
    : await parsed.InvokeAsync(
        new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });
