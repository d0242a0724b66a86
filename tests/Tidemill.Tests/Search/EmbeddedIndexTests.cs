namespace Tidemill.Tests.Search;

public sealed class EmbeddedIndexSinkTests() : IndexSinkContractTests(new EmptyEmbeddedStore());

public sealed class EmbeddedIndexStreamTests() : IndexStreamContractTests(new EmptyEmbeddedStore());
