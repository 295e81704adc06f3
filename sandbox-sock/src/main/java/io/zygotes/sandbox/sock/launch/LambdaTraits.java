package io.zygotes.sandbox.sock.launch;

import io.zygotes.spi.LeafSpec;
import io.zygotes.spi.PackageId;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a lambda's code has and does that counts before packages are imported. Found by looking at its files, once for
 * each version; code is not run for it, so what is hidden well is not found.
 *
 * @param modules modules at the top of its folder, but for {@code f}: they win against others of the same name
 * @param below modules in folders that its code may put on the path
 * @param files names of the files at the top of its folder, in which packages may look for their settings
 * @param variables environment variables that its code sets
 * @param patch what changes modules that others import, and must come first; empty if there is nothing of the kind
 */
record LambdaTraits(
        Set<String> modules, Set<String> below, Set<String> files, Set<String> variables, Optional<String> patch) {

    private static final Logger LOG = System.getLogger(LambdaTraits.class.getName());

    /** Versions of lambdas. */
    private static final int MOST_KNOWN = 10_000;
    /** Files that are looked at, and bytes of one. */
    private static final int MOST_FILES = 200, MOST_BYTES = 1 << 20;
    /** Folders in folders. */
    private static final int DEPTH = 3;

    /** Packages whose documentation says that they come before all others, because they patch them. */
    private static final Set<String> PATCHERS = Set.of(
            "ddtrace",
            "eventlet",
            "gevent",
            "greenify",
            "grequests",
            "locust",
            "newrelic",
            "pip-system-certs",
            "psycogreen",
            "scikit-learn-intelex",
            "truststore");

    private static final Pattern SETS = Pattern.compile("environ\\s*\\[\\s*[bu]?['\"](\\w+)['\"]\\s*\\]\\s*=(?!=)"
            + "|environ\\.setdefault\\(\\s*['\"](\\w+)['\"]"
            + "|putenv\\(\\s*['\"](\\w+)['\"]"
            + "|environ\\.pop\\(\\s*['\"](\\w+)['\"]"
            + "|\\bdel\\s+(?:os\\.)?environ\\[\\s*['\"](\\w+)['\"]");
    private static final Pattern SETS_MANY =
            Pattern.compile("environ(?:\\.update\\(|\\s*\\|=)\\s*(?:dict\\()?\\{?([^)}]*)");
    private static final Pattern NAME = Pattern.compile("['\"](\\w+)['\"]\\s*:|(\\w+)\\s*=(?!=)");
    private static final Pattern LINE_OF_ENV = Pattern.compile("(?m)^\\s*(?:export\\s+)?(\\w+)\\s*=");
    private static final Pattern CHANGES_PATH =
            Pattern.compile("sys\\.path\\s*(?:\\.insert|\\[|=(?!=))|site\\.addsitedir");
    private static final Pattern PATCHES = Pattern.compile("sys\\.modules\\s*\\[[^\\]\\n"
            + "]+\\]\\s*=(?!=)|sys\\.modules\\.(?:pop|update|setdefault)\\(|sys\\.meta_path|sys\\.path_hooks"
            + "|\\bmonkey_patch\\(|\\bpatch_all\\(|\\binject_into_ssl\\(|\\bpatch_sklearn\\(|\\binstall_import_hook\\("
            + "|\\bbuiltins\\.\\w+\\s*=(?!=)");

    /** By the folder of the version, which never changes. */
    private static final Map<Path, LambdaTraits> KNOWN = new ConcurrentHashMap<>();

    static LambdaTraits of(LeafSpec spec) {
        LambdaTraits known = KNOWN.get(spec.handler());
        if (known == null) {
            if (KNOWN.size() >= MOST_KNOWN) {
                KNOWN.clear();
            }
            known = look(spec);
            KNOWN.put(spec.handler(), known);
        }
        return known;
    }

    private static LambdaTraits look(LeafSpec spec) {
        Set<String> variables = new TreeSet<>();
        Optional<String> patch = spec.packages().stream()
                .map(PackageId::name)
                .filter(PATCHERS::contains)
                .sorted()
                .findFirst()
                .map(name -> name + " changes modules that other packages import, and comes before them");
        boolean changesPath = false;
        try {
            for (Path file : sources(spec.handler())) {
                String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
                findVariables(text, spec.handler(), variables);
                changesPath |= CHANGES_PATH.matcher(text).find();
                Matcher found = PATCHES.matcher(text);
                if (patch.isEmpty() && found.find()) {
                    patch = Optional.of("its code changes modules that packages import ('" + found.group() + "' in "
                            + spec.handler().relativize(file) + ")");
                }
            }
            return new LambdaTraits(
                    modules(spec.handler()),
                    changesPath ? modulesBelow(spec.handler()) : Set.of(),
                    files(spec.handler()),
                    Set.copyOf(variables),
                    patch);
        } catch (IOException e) {
            LOG.log(Level.WARNING, "cannot look at the code of lambda " + spec.lambda() + " in " + spec.handler(), e);
            return new LambdaTraits(
                    Set.of(), Set.of(), Set.of(), Set.of(), Optional.of("its code could not be looked at"));
        }
    }

    private static List<Path> sources(Path handler) throws IOException {
        try (Stream<Path> all = Files.walk(handler, DEPTH)) {
            return all.filter(file -> file.toString().endsWith(".py"))
                    .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .filter(file -> file.toFile().length() <= MOST_BYTES)
                    .limit(MOST_FILES)
                    .toList();
        }
    }

    private static void findVariables(String text, Path handler, Set<String> variables) throws IOException {
        Matcher one = SETS.matcher(text);
        while (one.find()) {
            for (int group = 1; group <= one.groupCount(); group++) {
                if (one.group(group) != null) {
                    variables.add(one.group(group));
                }
            }
        }
        Matcher many = SETS_MANY.matcher(text);
        while (many.find()) {
            Matcher name = NAME.matcher(many.group(1));
            while (name.find()) {
                variables.add(name.group(1) != null ? name.group(1) : name.group(2));
            }
        }
        Path file = handler.resolve(".env");
        if (text.contains("load_dotenv") && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
            Matcher line = LINE_OF_ENV.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
            while (line.find()) {
                variables.add(line.group(1));
            }
        }
    }

    private static Set<String> files(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.filter(Files::isRegularFile)
                    .map(entry -> entry.getFileName().toString())
                    .collect(Collectors.toUnmodifiableSet());
        }
    }

    private static Set<String> modules(Path folder) throws IOException {
        Set<String> modules = new TreeSet<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (name.endsWith(".py") && !name.equals("f.py")) {
                    modules.add(name.substring(0, name.length() - ".py".length()));
                } else if (name.endsWith(".so")) {
                    modules.add(name.substring(0, name.indexOf('.')));
                } else if (Files.isRegularFile(entry.resolve("__init__.py"))) {
                    modules.add(name);
                }
            }
        }
        return Set.copyOf(modules);
    }

    private static Set<String> modulesBelow(Path handler) throws IOException {
        Set<String> modules = new TreeSet<>();
        try (Stream<Path> all = Files.walk(handler, DEPTH - 1)) {
            for (Path folder : all.filter(path -> Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS))
                    .filter(path -> !path.equals(handler))
                    .toList()) {
                modules.addAll(modules(folder));
            }
        }
        return Set.copyOf(modules);
    }
}
