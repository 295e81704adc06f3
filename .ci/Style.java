import com.palantir.javaformat.java.Formatter;
import com.palantir.javaformat.java.FormatterException;
import com.palantir.javaformat.java.JavaFormatterOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * The one formatter and the one linter of this project. Maven runs it: {@code mvn verify} to check,
 * {@code mvn -N validate -Dstyle=fix} to rewrite what is not as it should be. Java is formatted by
 * palantir-java-format, Python by ruff, where that is installed; {@code .ci/run} installs it. What neither looks at
 * stands in {@link Rules}.
 *
 * <p>A program and no plugin of Maven, because the formatter has to run on the JDK whose Java it reads, and Maven may
 * run on an older one.
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
        style.complaints.addAll(new Rules(style.root, style.fix).look(style.ownFiles()));
        if (!style.complaints.isEmpty()) {
            style.complaints.forEach(line -> System.err.println("style: " + line));
            System.err.println("style: 'mvn -N validate -Dstyle=fix' mends what can be mended by a program");
            System.exit(1);
        }
    }

    private void java() throws IOException, InterruptedException {
        List<Path> sources = ownFiles().stream()
                .filter(path -> path.toString().endsWith(".java"))
                .toList();
        Formatter formatter = Formatter.createFormatter(JavaFormatterOptions.builder()
                .style(JavaFormatterOptions.Style.PALANTIR)
                .build());
        List<String> found = sources.parallelStream()
                .map(path -> complaint(formatter, path))
                .filter(text -> !text.isEmpty())
                .toList();
        complaints.addAll(found);
    }

    /**
     * The files of this project, in order: those that git knows or would take, so that nothing that a build or a worker
     * made is among them. Without git, as in an unpacked archive, all but what builds make.
     */
    private List<Path> ownFiles() throws IOException, InterruptedException {
        if (Files.exists(root.resolve(".git"))) {
            Process git;
            try {
                git = new ProcessBuilder("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
                        .directory(root.toFile())
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
            } catch (IOException e) {
                System.out.println("style: git is not installed, so all files are looked at that are not a build's");
                return filesOnDisk();
            }
            String names = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (git.waitFor() != 0) {
                throw new IOException("git ls-files failed in " + root + ", so the files to look at are not known");
            }
            // A file that was deleted, which git does not know yet, is still named.
            return Arrays.stream(names.split("\0"))
                    .map(root::resolve)
                    .filter(Files::isRegularFile)
                    .sorted()
                    .distinct()
                    .toList();
        }
        return filesOnDisk();
    }

    private List<Path> filesOnDisk() throws IOException {
        try (Stream<Path> all = Files.walk(root)) {
            return all.filter(Files::isRegularFile)
                    .filter(path -> !root.relativize(path)
                            .toString()
                            .matches("(.*/)?(target|__pycache__|\\.git|\\.ruff_cache)/.*"))
                    .sorted()
                    .toList();
        }
    }

    /** Writes a file as a whole, so that nobody ever sees a half of it, and keeps who may run it. */
    static void replace(Path path, String text) throws IOException {
        boolean program = Files.isExecutable(path);
        Path beside = Files.writeString(path.resolveSibling(path.getFileName() + ".new"), text);
        if (program && !beside.toFile().setExecutable(true, false)) {
            throw new IOException(beside + " cannot be made a program");
        }
        Files.move(beside, path, StandardCopyOption.ATOMIC_MOVE);
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
            replace(path, wanted);
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
