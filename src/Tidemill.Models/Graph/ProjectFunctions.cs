using Tidemill.Jinja;

namespace Tidemill.Models.Graph;

/// <summary>The names that every file of a project sees, the YAML files too: target, var, env_var and a few of dbt's.</summary>
internal static class ProjectFunctions
{
    private static readonly Signature VarSignature = new("var", 1, "name", "default");
    private static readonly Signature EnvSignature = new("env_var", 1, "name", "default");
    private static readonly Signature LogSignature = new("log", 1, "msg", "info");
    private static readonly Signature RaiseSignature = new("raise_compiler_error", 1, "msg");

    public static void AddTo(
        JinjaEnvironment environment, string project, ModelTarget target,
        IReadOnlyDictionary<string, object?> vars, IReadOnlyDictionary<string, string?> variables)
    {
        var globals = environment.Globals;
        globals["target"] = new Dictionary<string, object?>
        {
            ["name"] = target.Name,
            ["target_name"] = target.Name,
            ["profile_name"] = project,
            ["schema"] = target.Schema,
            ["type"] = target.Type,
        };
        globals["project_name"] = project;
        globals["var"] = new JinjaCallable("var", arguments => Var(arguments.Bind(VarSignature), vars));
        globals["env_var"] = new JinjaCallable("env_var", arguments => EnvironmentVariable(arguments.Bind(EnvSignature), variables));
        globals["log"] = new JinjaCallable("log", arguments => arguments.Bind(LogSignature).Has(0) ? "" : null);
        globals["is_incremental"] = new JinjaCallable("is_incremental", _ => false);
        globals["exceptions"] = new Dictionary<string, object?>
        {
            ["raise_compiler_error"] = new JinjaCallable(
                "raise_compiler_error", arguments => throw new JinjaException(arguments.Bind(RaiseSignature).Text(0))),
        };
    }

    private static object? Var(BoundArguments arguments, IReadOnlyDictionary<string, object?> vars)
    {
        var name = arguments.Text(0);
        if (vars.TryGetValue(name, out var value))
            return value;
        return arguments.Has(1) ? arguments[1]
            : throw new JinjaException($"the variable '{name}' is neither in vars of dbt_project.yml nor has it a default");
    }

    private static string? EnvironmentVariable(BoundArguments arguments, IReadOnlyDictionary<string, string?> variables)
    {
        var name = arguments.Text(0);
        if (variables.TryGetValue(name, out var value) && value is not null)
            return value;
        return arguments.Has(1) ? arguments.Text(1)
            : throw new JinjaException($"the environment variable '{name}' is not set and has no default");
    }
}
