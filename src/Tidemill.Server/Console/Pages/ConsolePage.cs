using Microsoft.AspNetCore.Components;
using Tidemill.Core.Errors;
using Tidemill.Server.Api;
using Tidemill.Server.Console.Feed;
using Tidemill.Server.Hosting;

namespace Tidemill.Server.Console.Pages;

/// <summary>A page that is rendered whole on the server; what cannot be read is shown as a problem instead of a broken page.</summary>
public abstract class ConsolePage : ComponentBase
{
    [Inject]
    internal ProjectRuntime Runtime { get; set; } = null!;

    [Inject]
    internal ConsoleFeed Feed { get; set; } = null!;

    [CascadingParameter]
    public Microsoft.AspNetCore.Http.HttpContext? Http { get; set; }

    /// <summary>Why the page's content is missing.</summary>
    internal Problem? Problem { get; private set; }

    internal ConsoleSnapshot Now { get; private set; } = ConsoleSnapshot.Empty;

    protected CancellationToken Aborted => Http?.RequestAborted ?? CancellationToken.None;

    protected sealed override async Task OnInitializedAsync()
    {
        Now = Feed.Current;
        try
        {
            await LoadAsync(Aborted);
        }
        catch (TidemillException e)
        {
            Problem = Problem.Of(e);
        }
    }

    protected virtual Task LoadAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private protected async Task LookAsync(CancellationToken cancellationToken) => Now = await Feed.ReadAsync(cancellationToken);
}
