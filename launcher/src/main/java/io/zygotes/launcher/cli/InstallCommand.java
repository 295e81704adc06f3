package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.launcher.control.ControlSocket;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.worker.Installing;
import io.zygotes.launcher.worker.RunningWorker;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes admin install}. */
@Command(
        name = "install",
        description = "Puts a lambda into the registry, or replaces it. A running worker takes it up by itself.")
final class InstallCommand implements Callable<Integer> {

    private static final Logger LOG = System.getLogger(InstallCommand.class.getName());

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Parameters(
            paramLabel = "FOLDER",
            description = "A folder with f.py, and maybe requirements.txt and ol.yaml; or a tar.gz of one."
                    + " Its name becomes the lambda's.")
    private Path folder;

    @Option(
            names = "--wait",
            description =
                    "Have the running worker install its packages now, and return when they are there. Without this"
                            + " the first call waits for them.")
    private boolean wait;

    @Override
    public Integer call() throws Exception {
        WorkerDirectory opened = directory.open();
        if (wait) {
            // Before anything is changed.
            RunningWorker.of(opened);
        }
        LambdaStore store = LambdaStore.of(opened.config());
        PrintWriter out = spec.commandLine().getOut();
        String name = store.install(folder, out::println);
        out.println("installed " + name + " into " + store.folder());
        if (Files.exists(opened.path().resolve(ControlSocket.NAME))) {
            prepare(opened);
        }
        if (wait) {
            new PackageWait(opened.path(), name, out).await();
        }
        out.println("next: " + Image.command() + " invoke" + directory.repeated() + " " + name + " '{}'");
        return 0;
    }

    /** A worker that does not hear of it takes the lambda up when it is called. */
    private static void prepare(WorkerDirectory opened) {
        try {
            ControlSocket.ask(opened.path(), Installing.PREPARE);
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "no worker listens on " + opened.path(), e);
        }
    }
}
