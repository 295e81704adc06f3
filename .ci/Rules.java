import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What CONTRIBUTING.md asks of files and no formatter looks at: the width of documents, blanks at the ends of lines, no
 * {@code var}, names of tests, the length of classes, and a description of each package.
 */
final class Rules {

    private static final int WIDEST_DOCUMENT = 120;
    private static final int LONGEST_CLASS = 400;

    /**
     * In Java without comments and texts. Parameters of lambdas and parts of record patterns end in a comma or bracket.
     */
    private static final Pattern VAR = Pattern.compile("\\bvar\\s+\\w+\\s*[=:,)]");

    /** The declaration of a method whose name has an underscore, in Java without comments and texts. */
    private static final Pattern METHOD_WITH_UNDERSCORE =
            Pattern.compile("[\\w>\\]]\\s+([a-z]\\w*_\\w*)\\s*\\([^;{}()]*\\)\\s*(?:throws\\s+[\\w.,\\s]+)?\\{");

    /** Texts in three quotes and in one, characters, and both kinds of comments. */
    private static final Pattern NOT_CODE = Pattern.compile(
            "\"\"\"(?:\\\\.|(?!\"\"\").)*+\"\"\"|\"(?:\\\\.|[^\"\\\\\\n])*+\"|'(?:\\\\.|[^'\\\\\\n])*+'"
                    + "|//[^\\n]*+|/\\*(?:(?!\\*/).)*+\\*/",
            Pattern.DOTALL);

    private final Path root;
    private final boolean fix;
    private final List<String> complaints = new ArrayList<>();
    private final Set<Path> packages = new TreeSet<>();
    private final Set<Path> described = new TreeSet<>();

    /**
     * @param root the folder that names of files are told relative to
     * @param fix whether to mend what a program can mend, instead of complaining about it
     */
    Rules(Path root, boolean fix) {
        this.root = root;
        this.fix = fix;
    }

    /**
     * Looks at all these files.
     *
     * @return a sentence for each fault, with file and line
     */
    List<String> look(List<Path> files) throws IOException {
        for (Path file : files) {
            Optional<String> text = text(file);
            if (text.isPresent()) {
                look(file, text.get());
            }
        }
        for (Path folder : packages) {
            if (!described.contains(folder)) {
                complaints.add(root.relativize(folder) + " has no package-info.java, which says what lives there and"
                        + " what it may use");
            }
        }
        return complaints;
    }

    private void look(Path file, String text) throws IOException {
        String name = file.getFileName().toString();
        blanks(file, text);
        if (name.endsWith(".md")) {
            width(file, text);
        }
        if (name.endsWith(".java")) {
            java(file, text);
        }
    }

    private void java(Path file, String text) {
        String code = codeOnly(text);
        complain(file, code, VAR, "has 'var' where the type should stand");
        String folder = root.relativize(file).toString().replace('\\', '/');
        if (folder.contains("src/test/java/")) {
            complain(
                    file, code, METHOD_WITH_UNDERSCORE, "has underscores in the name of a method; tests are camelCase");
        }
        if (!folder.contains("src/main/java/")) {
            return;
        }
        long lines = text.lines().count();
        if (lines > LONGEST_CLASS) {
            complaints.add(folder + " has " + lines + " lines, and more than " + LONGEST_CLASS + " are too many");
        }
        String name = file.getFileName().toString();
        if (name.equals("package-info.java")) {
            described.add(file.getParent());
        } else if (!name.equals("module-info.java")) {
            packages.add(file.getParent());
        }
    }

    private void complain(Path file, String code, Pattern fault, String what) {
        Matcher matcher = fault.matcher(code);
        while (matcher.find()) {
            long line = code.substring(0, matcher.start()).lines().count();
            complaints.add(root.relativize(file) + ":" + Math.max(1, line) + " " + what);
        }
    }

    /** The same text, with the same lines, in which comments and the content of texts are blanks. */
    private static String codeOnly(String text) {
        return NOT_CODE.matcher(text).replaceAll(found -> found.group().replaceAll("[^\\n]", " "));
    }

    private void width(Path file, String text) {
        int number = 0;
        for (String line : text.lines().toList()) {
            number++;
            int width = line.codePointCount(0, line.length());
            if (width > WIDEST_DOCUMENT) {
                complaints.add(root.relativize(file) + ":" + number + " is " + width
                        + " characters wide, and more than " + WIDEST_DOCUMENT + " are too many");
            }
        }
    }

    private void blanks(Path file, String text) throws IOException {
        if (text.isEmpty()) {
            return;
        }
        StringBuilder wanted = new StringBuilder();
        int number = 0;
        for (String line : text.split("\n", -1)) {
            number++;
            String stripped = line.stripTrailing();
            wanted.append(stripped).append('\n');
            if (!fix && !stripped.equals(line)) {
                complaints.add(root.relativize(file) + ":" + number + " ends in blanks");
            }
        }
        // The split leaves an empty part behind the last newline.
        if (text.endsWith("\n")) {
            wanted.setLength(wanted.length() - 1);
        } else if (!fix) {
            complaints.add(root.relativize(file) + ":" + number + " has no newline at its end");
        }
        if (fix && !text.contentEquals(wanted)) {
            Style.replace(file, wanted.toString());
        }
    }

    /** The content of a text; nothing for a file that is none. */
    private static Optional<String> text(Path file) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        for (byte one : bytes) {
            if (one == 0) {
                return Optional.empty();
            }
        }
        try {
            return Optional.of(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }
}
