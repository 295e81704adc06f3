package io.zygotes.launcher.cli;

import io.zygotes.core.config.WorkerDirectory;
import io.zygotes.core.registry.LambdaStore;
import io.zygotes.core.registry.LambdaUploads;
import io.zygotes.core.registry.RegistryException;
import io.zygotes.launcher.control.ControlSocket;
import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.worker.Installing;
import io.zygotes.launcher.worker.RunningWorker;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
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
            arity = "0..1",
            paramLabel = "SOURCE",
            description = "A folder with f.py, and maybe requirements.txt and ol.yaml; a tar.gz, tar or zip of one; or"
                    + " the URL of a Git repository with it (URL#BRANCH for another branch).")
    private String source;

    @Option(
            names = {"-r", "--from"},
            paramLabel = "SOURCE",
            description = "The same, as an option.")
    private String from;

    @Option(
            names = {"-n", "--name"},
            paramLabel = "NAME",
            description = "The lambda's name (default: that of the folder, archive or repository).")
    private String name;

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = "An ol.yaml for it, instead of its own.")
    private Path settings;

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "Send it to the worker that runs there (http://HOST:PORT), instead of putting it into the"
                    + " registry of this machine.")
    private URI url;

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "With --url: the file with the administrator's token of that worker.")
    private Path tokenFile;

    @Option(
            names = "--wait",
            description =
                    "Have the running worker install its packages now, and return when they are there. Without this"
                            + " the first call waits for them.")
    private boolean wait;

    @Override
    public Integer call() throws Exception {
        if ((source == null) == (from == null)) {
            throw new ParameterException(spec.commandLine(), "install what? Name one folder, archive or Git URL");
        }
        if (url == null ? tokenFile != null : wait) {
            throw new ParameterException(
                    spec.commandLine(), url == null ? "--token-file goes with --url" : "--wait does not go with --url");
        }
        try (InstallSource found = InstallSource.of(source == null ? from : source)) {
            String lambda = name == null ? found.name() : name;
            if (url != null) {
                new RemoteInstall(url, Optional.ofNullable(tokenFile)).install(lambda, found.path(), this::addSettings);
                spec.commandLine().getOut().println("installed " + lambda + " at " + url);
            } else {
                install(lambda, found.path());
            }
        }
        return 0;
    }

    private void install(String lambda, Path found) throws Exception {
        WorkerDirectory opened = directory.open();
        if (wait) {
            // Before anything is changed.
            RunningWorker.of(opened);
        }
        LambdaStore store = LambdaStore.of(opened.config());
        PrintWriter out = spec.commandLine().getOut();
        LambdaUploads.into(store, this::addSettings, out::println).install(lambda, found);
        out.println("installed " + lambda + " into " + store.folder());
        if (Files.exists(opened.path().resolve(ControlSocket.NAME))) {
            prepare(opened);
        }
        if (wait) {
            new PackageWait(opened.path(), lambda, out).await();
        }
        out.println("next: " + Image.command() + " invoke" + directory.repeated() + " " + lambda + " '{}'");
    }

    /** What {@code -c} says. */
    private void addSettings(String lambda, Path content) throws RegistryException, IOException {
        if (settings == null) {
            return;
        }
        if (!Files.isRegularFile(settings)) {
            throw new RegistryException(
                    RegistryException.Kind.BROKEN, "-c for " + lambda + ": there is no file " + settings);
        }
        Files.copy(settings, content.resolve("ol.yaml"), StandardCopyOption.REPLACE_EXISTING);
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
