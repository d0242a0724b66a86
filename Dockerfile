# Tidemill in a container: docker build -t tidemill . && docker run -v "$PWD/my-project:/project:ro" -e TIDEMILL_TOKEN=... -p 8080:8080 tidemill
# Native libraries come with their NuGet packages, chart scripts with npm's, as they do in a build without Docker.
FROM node:22.20.0-bookworm-slim AS npm
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund --loglevel=error

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /src
COPY Directory.Build.props Directory.Packages.props BannedSymbols.txt global.json package.json package-lock.json ./
COPY --from=npm /src/node_modules ./node_modules
COPY src ./src
# What npm delivered is there already: its stamp must be newer than the lock file, or the build would ask for npm.
RUN touch node_modules/.package-lock.json \
    && dotnet publish src/Tidemill.Cli -c Release -o /app -p:RunAnalyzers=false

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble AS runtime
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/* \
    && mkdir /data /project \
    && chown "$APP_UID" /data
COPY --from=build /app /app
ENV PATH=/app:$PATH \
    TIDEMILL_DATA=/data
USER $APP_UID
WORKDIR /project
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/health"]
ENTRYPOINT ["tidemill"]
CMD ["up", "/project", "--address", "0.0.0.0", "--port", "8080"]
