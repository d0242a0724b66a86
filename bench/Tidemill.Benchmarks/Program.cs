System.Console.WriteLine("usage: Tidemill.Benchmarks NAME");
