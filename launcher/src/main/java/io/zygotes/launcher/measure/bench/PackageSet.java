package io.zygotes.launcher.measure.bench;

import io.zygotes.launcher.measure.demo.Pins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Packages that a measured lambda imports. Its {@code f.py} imports them and returns its event, so that what is
 * measured is the start and not the work.
 *
 * @param name what it is called in tables and JSON
 * @param lambda the beginning of the names of its lambdas
 * @param imports the packages that {@code f.py} imports; their pins, indirect ones too, are those of the demo
 */
record PackageSet(String name, String lambda, List<String> imports) {

    static final PackageSet NONE = new PackageSet("(none)", "none", List.of());
    static final PackageSet PANDAS = new PackageSet("pandas", "pandas", List.of("pandas"));

    /** All of them, each with more packages than the one before. */
    static final List<PackageSet> ALL = List.of(
            NONE,
            new PackageSet("numpy", "numpy", List.of("numpy")),
            PANDAS,
            new PackageSet("pandas+requests+flask", "web", List.of("pandas", "requests", "flask")));

    /** A tree with a node for each set: a hit then finds a zygote with all that the lambda imports. */
    static final String TREE = """
        {"packages": [], "children": [
          {"packages": ["numpy"], "children": [
            {"packages": ["pandas"], "children": [
              {"packages": ["requests", "flask"]}]}]}]}
        """;

    /** Copies the list. */
    PackageSet {
        imports = List.copyOf(imports);
    }

    /** The set of that name in tables, if there is one. */
    static Optional<PackageSet> named(String name) {
        return ALL.stream().filter(set -> set.name.equals(name)).findFirst();
    }

    /** Name of one of its lambdas, which are all the same. */
    String lambda(int number) {
        return lambda + "-" + number;
    }

    String code() {
        StringBuilder code = new StringBuilder();
        imports.forEach(module -> code.append("import ").append(module).append('\n'));
        return code.append(imports.isEmpty() ? "" : "\n\n")
                .append("def f(event):\n    return event\n")
                .toString();
    }

    String requirements() throws IOException {
        StringBuilder all = new StringBuilder();
        for (String module : imports) {
            all.append(Pins.of(module));
        }
        return all.toString();
    }

    /** Writes the folder of one of its lambdas into {@code parent}. */
    Path write(Path parent, int number) throws IOException {
        Path folder = Files.createDirectory(parent.resolve(lambda(number)));
        Files.writeString(folder.resolve("f.py"), code());
        Files.writeString(folder.resolve("requirements.txt"), requirements());
        return folder;
    }
}
