package io.zygotes.core;

import static io.zygotes.core.StartStep.NOTHING;
import static io.zygotes.core.StartStep.endedBy;

import io.zygotes.core.aws.AwsApi;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.function.EagerZygotes;
import io.zygotes.core.function.Functions;
import io.zygotes.core.http.Administrators;
import io.zygotes.core.http.HttpFront;
import io.zygotes.core.http.UploadFolder;
import io.zygotes.core.http.WorkerApi;
import io.zygotes.core.output.OutputLog;
import io.zygotes.core.packages.PackageStore;
import io.zygotes.core.pool.SandboxPool;
import io.zygotes.core.python.Interpreter;
import io.zygotes.core.python.PythonException;
import io.zygotes.core.registry.LambdaRegistry;
import io.zygotes.core.trace.TraceLog;
import io.zygotes.spi.ConfigException;
import io.zygotes.spi.FailureKind;
import io.zygotes.spi.ImportCacheProvider;
import io.zygotes.spi.SandboxException;
import io.zygotes.spi.mechanism.MechanismContext;
import io.zygotes.spi.mechanism.NetworkPlan;
import io.zygotes.spi.mechanism.SandboxMechanism;
import io.zygotes.spi.mechanism.SandboxMechanismProvider;
import jakarta.inject.Inject;
import jakarta.inject.Provider;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * In which order a worker starts, and with that in which order it ends: {@link #steps} is the list. All objects are
 * there already; a step only sets one of them going.
 */
final class StartSequence {

    private static final Logger LOG = System.getLogger(StartSequence.class.getName());

    /** How long running requests may go on when the worker ends. */
    private static final Duration DRAIN = Duration.ofSeconds(10);

    private final WorkerConfig config;
    private final HttpFront http;
    private final WorkerApi api;
    private final Administrators administrators;
    private final UploadFolder uploads;
    private final Interpreter python;
    private final Optional<OutputLog> output;
    private final Optional<TraceLog> trace;
    private final LambdaRegistry registry;
    private final PackageStore packages;
    private final SandboxMechanismProvider mechanisms;
    private final Provider<MechanismContext> context;
    private final SandboxPool pool;
    private final EventRecorder recorder;
    private final ImportCacheProvider caches;
    private final ImportCacheSwitch cacheSwitch;
    private final CurrentCache cache;
    private final CallEvents callEvents;
    private final Functions functions;
    private final EagerZygotes eager;
    private final AwsApi aws;

    @Inject
    StartSequence(
            WorkerConfig config,
            HttpFront http,
            WorkerApi api,
            Administrators administrators,
            UploadFolder uploads,
            Interpreter python,
            Optional<OutputLog> output,
            Optional<TraceLog> trace,
            LambdaRegistry registry,
            PackageStore packages,
            SandboxMechanismProvider mechanisms,
            Provider<MechanismContext> context,
            SandboxPool pool,
            EventRecorder recorder,
            ImportCacheProvider caches,
            ImportCacheSwitch cacheSwitch,
            CurrentCache cache,
            CallEvents callEvents,
            Functions functions,
            EagerZygotes eager,
            AwsApi aws) {
        this.config = config;
        this.http = http;
        this.api = api;
        this.administrators = administrators;
        this.uploads = uploads;
        this.python = python;
        this.output = output;
        this.trace = trace;
        this.registry = registry;
        this.packages = packages;
        this.mechanisms = mechanisms;
        this.context = context;
        this.pool = pool;
        this.recorder = recorder;
        this.caches = caches;
        this.cacheSwitch = cacheSwitch;
        this.cache = cache;
        this.callEvents = callEvents;
        this.functions = functions;
        this.eager = eager;
        this.aws = aws;
    }

    /** All steps, the first one first. Each needs what the ones before it started. */
    List<StartStep> steps() {
        return List.of(
                // The port comes early, because that it is in use is what fails most often.
                new StartStep("HTTP server", this::bindPort),
                new StartStep("Python", this::probePython),
                new StartStep("settings without effect", this::nameSettingsWithoutEffect),
                new StartStep("folders", this::makeFolders),
                new StartStep("administration", this::startAdministration),
                new StartStep("lambda output", this::startOutput),
                new StartStep("trace", this::startTrace),
                new StartStep("lambdas' code", this::tidyCode),
                new StartStep("installed packages", this::readPackages),
                // From here on there are processes.
                new StartStep("sandboxes", this::startSandboxes),
                // What follows is ended while there still are sandboxes, the pool's last.
                endedBy("pool", pool),
                endedBy("import costs", () -> packages.saveCosts(costs())),
                endedBy("modules of zygotes", () -> packages.saveModules(modules())),
                endedBy("installers", packages),
                new StartStep("import cache", this::startImportCache),
                endedBy("call events", callEvents),
                endedBy("lambdas", functions),
                new StartStep("zygotes of functions", this::startEager),
                new StartStep("interface of AWS Lambda", this::startAws),
                new StartStep("requests", this::serve));
    }

    /** Ends the threads that pool and lambdas have since they were made, if no step got so far. Idempotent. */
    void endThreads() {
        functions.close();
        pool.close();
    }

    private AutoCloseable bindPort() throws ConfigException {
        try {
            http.bind();
            return http;
        } catch (IOException | RuntimeException e) {
            throw new ConfigException(
                    WorkerConfig.FILE + ": $.worker_port",
                    "cannot listen on " + config.workerUrl() + ":" + config.workerPort() + " (" + rootMessage(e)
                            + "); end what uses the port, or choose another one (0 takes any free one)",
                    e);
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    private AutoCloseable probePython() throws ConfigException, InterruptedException {
        try {
            python.probe();
            return NOTHING;
        } catch (PythonException e) {
            throw new ConfigException(WorkerConfig.FILE + ": $.python", e.getMessage(), e);
        }
    }

    private AutoCloseable nameSettingsWithoutEffect() throws IOException {
        SecretNotice.tell(config);
        if (!config.withoutEffect().isEmpty()) {
            LOG.log(
                    Level.WARNING,
                    WorkerConfig.FILE + ": taken for OpenLambda's sake, and without effect here: "
                            + String.join(", ", config.withoutEffect()));
        }
        return NOTHING;
    }

    private AutoCloseable makeFolders() throws ConfigException, IOException {
        OwnFolders.of(config).claim();
        Files.createDirectories(config.registryFolder());
        return NOTHING;
    }

    private AutoCloseable startAdministration() throws ConfigException, IOException {
        administrators.require();
        uploads.clean();
        return NOTHING;
    }

    private AutoCloseable startOutput() throws IOException {
        if (output.isEmpty()) {
            return NOTHING;
        }
        output.get().start();
        return output.get();
    }

    private AutoCloseable startTrace() throws IOException {
        if (trace.isEmpty()) {
            return NOTHING;
        }
        trace.get().start();
        return trace.get();
    }

    private AutoCloseable tidyCode() throws IOException {
        registry.clean();
        return NOTHING;
    }

    private AutoCloseable readPackages() throws ConfigException, IOException {
        packages.open();
        packages.loadCosts(costs());
        packages.loadModules(modules());
        return NOTHING;
    }

    private Path costs() {
        return config.stateFolder().resolve("import-costs.json");
    }

    private Path modules() {
        return config.stateFolder().resolve("modules.json");
    }

    private AutoCloseable startAws() throws IOException {
        aws.start();
        return aws;
    }

    private AutoCloseable startSandboxes() throws ConfigException, SandboxException {
        MechanismContext given = context.get();
        SandboxMechanism mechanism = mechanisms.start(given);
        requireRules(mechanism, given.network());
        pool.start(mechanism, recorder);
        NetworkNotice.tell(config, mechanism.cannotRuleNetwork());
        http.refuse(config.allowLambdaCalls() ? (client, server) -> false : mechanism::isFromSandbox);
        http.distrust(config.allowLambdaCalls() ? mechanism::isFromSandbox : (client, server) -> false);
        return mechanism;
    }

    /** A mechanism that knows nothing of rules would make sandboxes that reach all. */
    private void requireRules(SandboxMechanism mechanism, NetworkPlan network) throws SandboxException {
        Optional<String> lacking = mechanism.cannotRuleNetwork();
        if (lacking.isPresent() && network.needsRules()) {
            mechanism.close();
            throw new SandboxException(
                    FailureKind.REFUSED,
                    lacking.get() + ", which this worker has (config.json: network, zygote_network, installer_network):"
                            + " set \"network\" to \"host\", by which lambdas reach all that the machine reaches, or to"
                            + " \"none\", by which they reach nothing",
                    null);
        }
    }

    private AutoCloseable startImportCache() throws ConfigException {
        cacheSwitch.start(config, caches);
        return cache;
    }

    private AutoCloseable startEager() {
        eager.start();
        return eager;
    }

    private AutoCloseable serve() throws IOException {
        http.serve(api);
        functions.prepare();
        return this::drain;
    }

    /** Lets running requests end, for a while; new ones are refused. */
    private void drain() throws InterruptedException {
        long left = http.drain(api, DRAIN);
        if (left > 0) {
            LOG.log(Level.WARNING, left + " requests still run after " + DRAIN.toSeconds() + " s; they are ended");
        }
    }
}
