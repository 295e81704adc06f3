package io.zygotes.core.registry;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the code of a lambda imports, as its source says: read line by line, and never run. Import statements are taken
 * wherever they stand, in functions as well, because the first call gets there.
 *
 * @param modules full names of modules
 * @param perhaps full names that are modules or what is in them: {@code b} and {@code c} of {@code from a import b, c}
 */
public record SourceImports(Set<String> modules, Set<String> perhaps) {

    /** Of code that imports nothing, or cannot be read. */
    public static final SourceImports NONE = new SourceImports(Set.of(), Set.of());

    private static final Logger LOG = System.getLogger(SourceImports.class.getName());

    /** Files that are looked at, bytes of one, and folders in folders. */
    private static final int MOST_FILES = 200, MOST_BYTES = 1 << 20, DEPTH = 3;
    /** Names of each kind, and characters of one. */
    private static final int MOST_NAMES = 500, LONGEST = 255;

    private static final String DOTTED = "[A-Za-z_]\\w*+(?:\\.[A-Za-z_]\\w*+)*+";
    private static final Pattern IMPORT = Pattern.compile("(?:^|[:;])\\s*+import\\s++([^;#]++)");
    private static final Pattern FROM =
            Pattern.compile("(?:^|[:;])\\s*+from\\s++(" + DOTTED + ")\\s++import\\s++([^;#]++)");
    private static final Pattern NAME =
            Pattern.compile("\\s*+\\(?\\s*+(" + DOTTED + ")(?:\\s++as\\s++\\w++)?\\s*+\\)?\\s*+");
    private static final Pattern COMMENT = Pattern.compile("#[^\n]*+");
    private static final Pattern CONTINUED = Pattern.compile("\\\\\r?\n");
    private static final Pattern IN_PARENTHESES = Pattern.compile("\\bimport\\s*+\\(([^)]*+)\\)");

    /** Copies the sets; their order stays. */
    public SourceImports {
        modules = Collections.unmodifiableSet(new LinkedHashSet<>(modules));
        perhaps = Collections.unmodifiableSet(new LinkedHashSet<>(perhaps));
    }

    /**
     * Reads the files in a folder of code. Modules of its own are left out.
     *
     * @param handler the folder with {@code f.py}
     */
    public static SourceImports of(Path handler) {
        try {
            Set<String> own;
            try (Stream<Path> entries = Files.list(handler)) {
                own = entries.map(entry -> entry.getFileName().toString().split("\\.")[0])
                        .collect(Collectors.toSet());
            }
            Set<String> modules = new LinkedHashSet<>();
            Set<String> perhaps = new LinkedHashSet<>();
            for (Path file : sources(handler)) {
                find(Files.readString(file, StandardCharsets.ISO_8859_1), modules, perhaps);
            }
            modules.removeIf(name -> own.contains(top(name)));
            perhaps.removeIf(name -> own.contains(top(name)));
            return new SourceImports(first(modules), first(perhaps));
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "cannot read what the code in " + handler + " imports", e);
            return NONE;
        }
    }

    private static Set<String> first(Set<String> names) {
        return names.stream().limit(MOST_NAMES).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static String top(String name) {
        int dot = name.indexOf('.');
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static List<Path> sources(Path handler) throws IOException {
        try (Stream<Path> all = Files.walk(handler, DEPTH)) {
            return all.filter(file -> file.toString().endsWith(".py"))
                    .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .filter(file -> file.toFile().length() <= MOST_BYTES)
                    .limit(MOST_FILES)
                    .sorted()
                    .toList();
        }
    }

    static void find(String source, Set<String> modules, Set<String> perhaps) {
        String joined =
                CONTINUED.matcher(COMMENT.matcher(source).replaceAll("")).replaceAll(" ");
        String flat = IN_PARENTHESES
                .matcher(joined)
                .replaceAll(found ->
                        "import " + Matcher.quoteReplacement(found.group(1).replaceAll("\\s+", " ")));
        flat.lines().filter(line -> line.contains("import")).forEach(line -> {
            Matcher plain = IMPORT.matcher(line);
            while (plain.find()) {
                modules.addAll(names(plain.group(1)));
            }
            Matcher from = FROM.matcher(line);
            while (from.find()) {
                modules.add(from.group(1));
                names(from.group(2)).forEach(name -> perhaps.add(from.group(1) + "." + name));
            }
        });
        modules.removeIf(name -> name.length() > LONGEST);
        perhaps.removeIf(name -> name.length() > LONGEST);
    }

    private static List<String> names(String list) {
        return Stream.of(list.split(","))
                .map(NAME::matcher)
                .filter(Matcher::matches)
                .map(found -> found.group(1))
                .toList();
    }
}
