package io.zygotes.launcher.cli;

import io.zygotes.launcher.image.Image;
import io.zygotes.launcher.image.ImageCopy;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code zygotes image}. */
@Command(name = "image", description = "Makes an image like this one, with the plugins that you choose.")
final class ImageCommand implements Callable<Integer> {

    @Spec
    private CommandSpec spec;

    @Option(
            names = "--plugins",
            paramLabel = "LIST",
            split = ",",
            hideParamSyntax = true,
            description =
                    "Names of this image's import caches that the new one is to have, separated by commas (default:"
                            + " all).")
    private List<String> plugins;

    @Option(
            names = "--add",
            paramLabel = "JAR",
            description = "A plugin to add: its jar, or the folder with its jar and those that it needs. May be given"
                    + " several times.")
    private List<Path> add = new ArrayList<>();

    @Option(names = "--output", paramLabel = "DIR", required = true, description = "Where; must not exist or be empty.")
    private Path output;

    @Override
    public Integer call() throws Exception {
        // Says so if this is no image that could be copied.
        Image.current().script();
        PrintWriter err = spec.commandLine().getErr();
        ImageCopy copy = new ImageCopy(Image.current().folder(), notice -> err.println("zygotes: " + notice));
        SortedSet<String> names = copy.make(
                Optional.ofNullable(plugins)
                        .map(list -> list.stream().map(String::strip).toList()),
                add,
                output);
        Path made = output.toAbsolutePath().normalize();
        PrintWriter out = spec.commandLine().getOut();
        out.println("made " + made + " with the import caches "
                + names.stream().map(name -> "\"" + name + "\"").collect(Collectors.joining(", ")));
        out.println("next: " + made.resolve("bin/zygotes") + " plugins");
        return 0;
    }
}
