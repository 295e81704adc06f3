package io.zygotes.launcher.cli;

import io.zygotes.core.config.Overrides;
import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.worker.DetachedWorker;
import io.zygotes.launcher.worker.ForegroundWorker;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes worker up}. */
@Command(
        name = "up",
        description =
                "Starts a worker; makes its directory first if there is none. SIGHUP makes it reload, SIGTERM stops"
                        + " it.")
final class UpCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Mixin
    private PluginPathOption pluginPath;

    @Option(
            names = {"-d", "--detach"},
            description = "Return when the worker is ready, and leave it running.")
    private boolean detach;

    @Option(
            names = {"-o", "--options"},
            paramLabel = "KEY=VALUE",
            description = "Settings for this run, on top of config.json: limits.mem_mb=100,worker_port=5001. May be"
                    + " given several times.")
    private List<String> options = new ArrayList<>();

    @Mixin
    private BaseImageOption image;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        Overrides overrides = Overrides.parse(options);
        image.require();
        if (!WorkerDirectory.exists(directory.path())) {
            out.println("made " + directory.init().path());
        }
        WorkerDirectory opened = directory.open().with(overrides);
        if (detach) {
            // Says what is wrong here, and not in a log.
            opened.config();
            DetachedWorker.Started worker = new DetachedWorker(opened, pluginPath.paths()).start();
            out.println("ready: pid " + worker.pid() + ", port " + worker.port() + ", log " + worker.log());
            out.println("stop it with: " + Image.command() + " down" + directory.repeated());
            return 0;
        }
        WorkerConfig config = opened.config();
        ForegroundWorker worker =
                new ForegroundWorker(opened, config, settings -> pluginPath.find(Optional.of(settings)));
        worker.run(out);
        return 0;
    }
}
