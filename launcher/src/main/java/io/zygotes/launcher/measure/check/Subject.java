package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.zygotes.spi.PackageInfo;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A package that is checked, and the lambda that does it: {@code probe.py} as {@code f.py}, with the package and all
 * that it needs pinned.
 *
 * @param name its normalised name; empty for a lambda without packages, with which the others are compared
 * @param version its version; empty without a package
 * @param modules its modules
 * @param packages itself and all that it needs, in the order of their imports
 */
record Subject(String name, String version, List<String> modules, List<PackageInfo> packages) {

    /** What a process looks like that has imported nothing. */
    static final Subject NOTHING = new Subject("", "", List.of(), List.of());

    private static final ObjectMapper JSON = new ObjectMapper();

    Subject {
        modules = List.copyOf(modules);
        packages = List.copyOf(packages);
    }

    /** The name of its lambda. */
    String lambda() {
        return name.isEmpty() ? "check" : "check-" + name;
    }

    /** All modules of its packages, which is what a zygote imports. */
    List<String> allModules() {
        return packages.stream().flatMap(each -> each.modules().stream()).toList();
    }

    /**
     * Writes the lambda's folder.
     *
     * @param parent gets the folder, under the lambda's name
     * @param first modules to import before its own
     */
    Path write(Path parent, List<String> first) throws IOException {
        Path folder = Files.createDirectories(parent.resolve(lambda()));
        copy("probe.py", folder.resolve("f.py"));
        copy("exercises.py", folder.resolve("zygotes_check_exercises.py"));
        ObjectNode subject = JSON.createObjectNode();
        subject.put("exercise", name);
        subject.set("modules", JSON.valueToTree(modules));
        subject.set("all", JSON.valueToTree(allModules()));
        subject.set("first", JSON.valueToTree(first));
        Files.writeString(folder.resolve("subject.json"), subject.toString());
        Files.writeString(
                folder.resolve("requirements.txt"),
                packages.stream().map(each -> each.id() + "\n").collect(Collectors.joining()));
        return folder;
    }

    /** Copies one of the Python files of this package. */
    static void copy(String resource, Path target) throws IOException {
        try (InputStream content = Subject.class.getResourceAsStream(resource)) {
            if (content == null) {
                throw new IOException("the file " + resource + " of this program is missing");
            }
            Files.write(target, content.readAllBytes());
        }
    }
}
