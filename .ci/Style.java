import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The one formatter and the one linter of this project. Maven runs it: {@code mvn verify} to check, {@code mvn -N validate
 * -Dstyle=fix} to rewrite what is not as it should be. Java is formatted by palantir-java-format, Python by ruff, where
 * that is installed; {@code .ci/run} installs it.
 *
 * <p>A program and no plugin of Maven, because the formatter has to run on the JDK whose Java it reads, and Maven may run
 * on an older one.
 */
final class Style {

    private final Path root;
    private final boolean fix;
    private final List<String> complaints = new ArrayList<>();

    private Style(Path root, boolean fix) {
        this.root = root;
        this.fix = fix;
    }

    /** Arguments: the folder to look through, and {@code check} or {@code fix}. */
    public static void main(String[] arguments) throws Exception {
        if (arguments.length != 2 || !List.of("check", "fix").contains(arguments[1])) {
            throw new IllegalArgumentException("usage: Style.java FOLDER check|fix");
        }
        Style style = new Style(Path.of(arguments[0]), arguments[1].equals("fix"));
        style.java();
        style.python();
        if (!style.complaints.isEmpty()) {
            style.complaints.forEach(line -> System.err.println("style: " + line));
            System.err.println("style: 'mvn -N validate -Dstyle=fix' mends what can be mended by a program");
            System.exit(1);
        }
    }

    private void java() throws IOException {
        List<Path> sources;
        try (Stream<Path> all = Files.walk(root)) {
            sources = all.filter(path -> path.toString().endsWith(".java"))
                    .filter(this::isSource)
                    .toList();
        }
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<String> found = sources.parallelStream()
                .map(path -> complaint(formatter, path))
                .filter(text -> !text.isEmpty())
                .toList();
        complaints.addAll(found);
    }

    /** Whether a file is ours and not made by a build. */
    private boolean isSource(Path path) {
        for (Path part : root.relativize(path)) {
            if (part.toString().equals("target") || part.toString().equals(".git")) {
                return false;
            }
        }
        return true;
    }

    private String complaint(Formatter formatter, Path path) {
        try {
            String text = Files.readString(path);
            String wanted = formatter.formatSourceAndFixImports(text);
            if (wanted.equals(text)) {
                return "";
            }
            if (!fix) {
                return root.relativize(path) + ":" + firstDifference(text, wanted)
                        + " is not as the formatter writes it";
            }
            Path beside = Files.writeString(path.resolveSibling(path.getFileName() + ".new"), wanted);
            Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE);
            return "";
        } catch (FormatterException | IOException e) {
            return root.relativize(path) + " cannot be formatted: " + e.getMessage();
        }
    }

    private static int firstDifference(String text, String wanted) {
        List<String> have = text.lines().toList();
        List<String> want = wanted.lines().toList();
        int line = 0;
        while (line < have.size() && line < want.size() && have.get(line).equals(want.get(line))) {
            line++;
        }
        return line + 1;
    }

    private void python() throws IOException, InterruptedException {
        List<List<String>> commands = fix
                ? List.of(List.of("ruff", "check", "--quiet", "--fix", "."), List.of("ruff", "format", "--quiet", "."))
                : List.of(
                        List.of("ruff", "check", "--quiet", "."), List.of("ruff", "format", "--quiet", "--check", "."));
        for (List<String> command : commands) {
            Process process;
            try {
                process = new ProcessBuilder(command)
                        .directory(root.toFile())
                        .inheritIO()
                        .start();
            } catch (IOException e) {
                System.out.println(
                        "style: ruff is not installed (pip install ruff), so nobody looked at the Python files");
                return;
            }
            if (process.waitFor() != 0) {
                complaints.add("'" + String.join(" ", command) + "' found what it names above");
            }
        }
    }
}
