System.Console.WriteLine("tidemill");
