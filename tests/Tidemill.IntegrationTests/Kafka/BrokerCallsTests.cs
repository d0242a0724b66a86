using Confluent.Kafka;
using Confluent.Kafka.Admin;
using Tidemill.Connectors.Kafka.Administration;
using Tidemill.Connectors.Kafka.Native;
using Tidemill.Core.Errors;
using Tidemill.IntegrationTests.Servers;
using ErrorCode = Tidemill.Core.Errors.ErrorCode;

namespace Tidemill.IntegrationTests.Kafka;

/// <summary>Requests of many sides share a client, which is replaced when it is in trouble.</summary>
public sealed class BrokerCallsTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Answered_requests_leave_nothing_behind()
    {
        KafkaLibrary.Load();
        await using var calls = new BrokerCalls(
            new Dictionary<string, string> { ["bootstrap.servers"] = $"127.0.0.1:{FreePorts.One()}" }, "nobody", TimeProvider.System);
        var answers = new List<WeakReference>();
        for (var i = 0; i < 100; i++) await AskAsync();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();

        Assert.InRange(answers.Count(answer => answer.IsAlive), 0, 2);

        async Task AskAsync()
        {
            var answer = await calls.CallAsync("ask", async _ =>
            {
                await Task.Yield();
                return new object();
            }, CancellationToken.None);
            answers.Add(new WeakReference(answer));
        }
    }

    [Fact]
    public async Task A_client_that_is_replaced_goes_only_after_the_requests_under_way()
    {
        KafkaLibrary.Load();
        await using var calls = new BrokerCalls(
            new Dictionary<string, string> { ["bootstrap.servers"] = $"127.0.0.1:{FreePorts.One()}" }, "nobody", TimeProvider.System);
        var ended = Enumerable.Range(0, 8).Select(_ => new TaskCompletionSource()).ToList();
        foreach (var error in await Task.WhenAll(ended.Select(GivenUpAsync)))
            Assert.Equal(ErrorCode.Unavailable, error.Code);

        await Task.WhenAll(ended.Select(e => e.Task)).WaitAsync(Patience, TestContext.Current.CancellationToken);

        Task<TidemillException> GivenUpAsync(TaskCompletionSource own) => Assert.ThrowsAsync<TidemillException>(
            () => calls.CallAsync<DescribeClusterResult>("look for brokers", async client =>
            {
                try
                {
                    return await client.DescribeClusterAsync(new DescribeClusterOptions { RequestTimeout = TimeSpan.FromSeconds(3) });
                }
                finally
                {
                    own.SetResult();
                }
            }, CancellationToken.None));
    }
}
