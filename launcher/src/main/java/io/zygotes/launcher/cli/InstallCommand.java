package io.zygotes.launcher.cli;

import io.zygotes.core.registry.LambdaStore;
import io.zygotes.launcher.image.Image;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code zygotes admin install}. */
@Command(
        name = "install",
        description = "Puts a lambda into the registry, or replaces it. A running worker takes it up by itself.")
final class InstallCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Mixin
    private DirectoryOption directory;

    @Parameters(
            paramLabel = "FOLDER",
            description = "A folder with f.py, and maybe requirements.txt and ol.yaml; or a tar.gz of one."
                    + " Its name becomes the lambda's.")
    private Path folder;

    @Override
    public Integer call() throws Exception {
        LambdaStore store = new LambdaStore(directory.open().config().registryFolder());
        String name = store.install(folder);
        PrintWriter out = spec.commandLine().getOut();
        out.println("installed " + name + " into " + store.folder());
        out.println("next: " + Image.command() + " invoke" + directory.repeated() + " " + name + " '{}'");
        return 0;
    }
}
