package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerConfig;
import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.worker.DetachedWorker;
import io.zygotes.launcher.worker.ForegroundWorker;
import java.io.PrintWriter;
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

    @Override
    public Integer call() throws Exception {
        PrintWriter out = spec.commandLine().getOut();
        if (!WorkerDirectory.exists(directory.path())) {
            out.println("made " + directory.init().path());
        }
        WorkerDirectory opened = directory.open();
        if (detach) {
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
