package io.zygotes.core.registry;

import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Reads {@code requirements.txt} as pip-compile, uv, poetry, pipenv and pip freeze write it: every package pinned,
 * indirect ones too. Anybody may write the file, so it is read letter by letter, each of them once, and sizes have
 * bounds.
 */
final class Requirements {

    /** The file's name. */
    static final String FILE = "requirements.txt";

    /** Characters of one requirement with its hashes; a release of 200 files has 16,000. */
    private static final int MAX_LINE = 256 << 10;
    /** Packages of one lambda; each may mean an install, and is a folder on the path of Python. */
    static final int MAX_PACKAGES = 1000;

    /** Options of pip about where packages come from. The worker's own index is used for all lambdas. */
    private static final Set<String> IGNORED_OPTIONS = Set.of(
            "-i",
            "--index-url",
            "--extra-index-url",
            "--no-index",
            "-f",
            "--find-links",
            "--trusted-host",
            "--no-binary",
            "--only-binary",
            "--prefer-binary",
            "--pre",
            "--use-feature",
            // They bound what is resolved, and pins leave nothing to resolve.
            "-c",
            "--constraint");

    private static final Set<String> EDITABLE = Set.of("-e", "--editable");
    private static final Set<String> OWN_PROJECT = Set.of(".", "./", "file:.", "file:./");

    private static final String REQUIRE_HASHES = "--require-hashes";
    private static final String HASH = "--hash";
    /** The algorithms that pip takes for {@code --hash}. */
    static final Pattern HASH_VALUE = Pattern.compile("sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}");

    private Requirements() {}

    /**
     * A pin.
     *
     * @param hashes of the archives that may be installed, such as {@code sha256:...}; any may if there are none
     */
    private record Pin(PackageId id, Set<String> hashes) {}

    /**
     * The packages that a lambda pins on this machine, each with the hashes of the archives that it may be installed
     * from: such as {@code sha256:...}, none if any may. As with pip, all have hashes if one of them has, or if the
     * file has the option {@code --require-hashes}.
     *
     * @param text the file
     * @param environment values of the marker variables
     * @throws IllegalArgumentException naming each line that is not a pinned requirement
     */
    static Map<PackageId, Set<String>> parse(String text, Map<String, String> environment) {
        Map<String, PackageId> all = new LinkedHashMap<>();
        Map<PackageId, Set<String>> hashes = new LinkedHashMap<>();
        boolean hashesRequired = false;
        List<String> faults = new ArrayList<>();
        List<String> lines = logicalLines(text);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty()) {
                continue;
            }
            try {
                hashesRequired |= firstWord(line).equals(REQUIRE_HASHES);
                Pin pin = requirement(line, environment);
                if (pin == null) {
                    continue;
                }
                PackageId id = pin.id();
                PackageId other = all.putIfAbsent(id.name(), id);
                if (other != null && !other.equals(id)) {
                    throw new IllegalArgumentException(
                            id.name() + " is pinned twice, to " + other.version() + " and " + id.version());
                }
                hashes.computeIfAbsent(id, key -> new TreeSet<>()).addAll(pin.hashes());
                hashesRequired |= !pin.hashes().isEmpty();
                if (all.size() > MAX_PACKAGES) {
                    throw new IllegalArgumentException("there are more than " + MAX_PACKAGES + " packages");
                }
            } catch (IllegalArgumentException e) {
                faults.add("line " + (i + 1) + ": " + e.getMessage());
            }
        }
        if (hashesRequired) {
            hashes.forEach((id, values) -> {
                if (values.isEmpty()) {
                    faults.add(id + " has no --hash, which all have to have if one has, as with pip"
                            + " (pip-compile --generate-hashes writes them)");
                }
            });
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("requirements.txt, " + String.join("; ", faults));
        }
        return hashes;
    }

    /** Joins continued lines at the index of their first one, and takes comments away. */
    private static List<String> logicalLines(String text) {
        List<String> lines = new ArrayList<>();
        String[] physical = text.replace("\uFEFF", "").split("\\R", -1);
        int first = 0;
        StringBuilder joined = new StringBuilder();
        for (int i = 0; i < physical.length; i++) {
            String line = physical[i];
            boolean comment = line.strip().startsWith("#");
            boolean continued = line.endsWith("\\") && !comment;
            joined.append(' ').append(continued ? line.substring(0, line.length() - 1) : comment ? "" : line);
            lines.add("");
            if (!continued || i == physical.length - 1) {
                lines.set(first, withoutComment(joined.toString()));
                joined.setLength(0);
                first = i + 1;
            }
        }
        return lines;
    }

    /** A comment begins with a {@code #} that stands first or behind a blank. */
    private static String withoutComment(String line) {
        for (int at = line.indexOf('#'); at >= 0; at = line.indexOf('#', at + 1)) {
            if (at == 0 || Character.isWhitespace(line.charAt(at - 1))) {
                return line.substring(0, at);
            }
        }
        return line;
    }

    /** The package of one line; null if the line asks for none on this machine. */
    private static Pin requirement(String line, Map<String, String> environment) {
        if (line.length() > MAX_LINE) {
            throw new IllegalArgumentException("it has " + line.length() + " characters, more than " + MAX_LINE);
        }
        if (isOwnProject(line)) {
            return null;
        }
        if (line.startsWith("-")) {
            if (IGNORED_OPTIONS.contains(firstWord(line)) || firstWord(line).equals(REQUIRE_HASHES)) {
                return null;
            }
            throw new IllegalArgumentException(
                    "'" + ErrorText.shortened(line) + "' is not supported; " + insteadOf(line));
        }
        if (line.contains("://") || line.contains(" @ ") || line.startsWith(".") || line.startsWith("/")) {
            throw new IllegalArgumentException("'" + ErrorText.shortened(line)
                    + "' is a path or URL, which is no pin; only packages of the index can be used, in the form"
                    + " name==version, such as " + pinOf(line));
        }
        int options = optionsOf(line);
        String bare = line.substring(0, options).strip();
        Set<String> hashes = hashes(line.substring(options));
        int semicolon = bare.indexOf(';');
        PackageId id = pin((semicolon < 0 ? bare : bare.substring(0, semicolon)).strip());
        if (semicolon >= 0 && !Markers.hold(bare.substring(semicolon + 1), environment)) {
            return null;
        }
        return new Pin(id, hashes);
    }

    /** The lambda itself, as uv exports it, maybe with extras: its files are there, and need no install. */
    private static boolean isOwnProject(String line) {
        String word = line;
        for (String option : EDITABLE) {
            if (firstWord(line).equals(option) && line.length() > option.length()) {
                word = line.substring(option.length() + 1).strip();
            }
        }
        int semicolon = word.indexOf(';');
        word = semicolon < 0 ? word : word.substring(0, semicolon).strip();
        int extras = word.endsWith("]") ? word.indexOf('[') : -1;
        return OWN_PROJECT.contains(extras < 0 ? word : word.substring(0, extras));
    }

    /** What to write in the place of an option. */
    private static String insteadOf(String line) {
        return switch (firstWord(line)) {
            case "-r", "--requirement" ->
                "put what stands in that file into this one, or export all pins into one, for example with pip-compile";
            case "-e", "--editable" ->
                "write the project as it is in the index, such as six==1.17.0, or put its files beside f.py and leave"
                        + " it out of the export (uv export --no-emit-project)";
            default ->
                "put pinned packages such as six==1.17.0 into the file, for example with pip-compile, and leave"
                        + " projects of your own out (uv export --no-emit-project)";
        };
    }

    /** The pin that a URL of a wheel or an archive means, as far as its name says it; otherwise an example. */
    private static String pinOf(String line) {
        String place = line.contains("#") ? line.substring(0, line.indexOf('#')) : line;
        String[] parts = place.substring(place.lastIndexOf('/') + 1).split("-");
        if (place.endsWith(".whl") && parts.length >= 5 && isName(parts[0]) && isVersion(parts[1])) {
            return ErrorText.shortened(new PackageId(parts[0], parts[1].replace("%2B", "+")).toString());
        }
        int at = line.indexOf(" @ ");
        String name = at < 0 ? "" : line.substring(0, at).strip();
        return isName(name)
                ? ErrorText.shortened(name + "==VERSION ('pip show " + name + "' says which; six==1.17.0, say)")
                : "six==1.17.0";
    }

    private static String firstWord(String line) {
        int end = 0;
        while (end < line.length() && line.charAt(end) != '=' && !Character.isWhitespace(line.charAt(end))) {
            end++;
        }
        return line.substring(0, end);
    }

    /** Where the options of a requirement begin: at the first {@code --} behind a blank. */
    private static int optionsOf(String line) {
        for (int at = line.indexOf("--"); at >= 0; at = line.indexOf("--", at + 1)) {
            if (at > 0 && Character.isWhitespace(line.charAt(at - 1))) {
                return at;
            }
        }
        return line.length();
    }

    /** The values of {@code --hash} among a requirement's options; there may be nothing else but build settings. */
    private static Set<String> hashes(String options) {
        Set<String> hashes = new TreeSet<>();
        String[] words = options.strip().split("\\s+");
        for (int i = 0; i < words.length && !words[i].isEmpty(); i++) {
            String name = firstWord(words[i]);
            if (!name.equals(HASH) && !name.equals("--config-settings")) {
                throw new IllegalArgumentException("'" + ErrorText.shortened(words[i]) + "' is not supported here");
            }
            String value = words[i].substring(Math.min(words[i].length(), name.length() + 1));
            if (words[i].equals(name)) {
                // Its value is the next word.
                i++;
                value = i < words.length ? words[i] : "";
            }
            if (name.equals(HASH)) {
                hashes.add(hash(value));
            }
        }
        return hashes;
    }

    private static String hash(String value) {
        String hash = value.toLowerCase(Locale.ROOT);
        if (!HASH_VALUE.matcher(hash).matches()) {
            throw new IllegalArgumentException("'" + ErrorText.shortened(value)
                    + "' is no hash; write --hash=sha256: with 64 hexadecimal digits, or sha384, or sha512");
        }
        return hash;
    }

    /** {@code name==version}, with extras and blanks in between, which mean nothing here. */
    private static PackageId pin(String text) {
        int equals = text.indexOf("==");
        String name = equals < 0 ? "" : text.substring(0, equals).strip();
        int extras = name.indexOf('[');
        if (extras >= 0) {
            name = name.endsWith("]") && name.indexOf(']') == name.length() - 1
                    ? name.substring(0, extras).strip()
                    : "";
        }
        String version = equals < 0
                ? ""
                : text.substring(equals + (text.startsWith("===", equals) ? 3 : 2))
                        .strip();
        if (!isName(name) || !isVersion(version)) {
            throw new IllegalArgumentException(
                    "'" + ErrorText.shortened(text) + "' is not pinned; write name==version (pip-compile does it)");
        }
        return new PackageId(name, version);
    }

    static boolean isName(String name) {
        return !name.isEmpty()
                && name.charAt(0) != '.'
                && name.charAt(0) != '_'
                && name.charAt(0) != '-'
                && name.chars()
                        .allMatch(letter -> letter < 128 && Character.isLetterOrDigit(letter)
                                || letter == '.'
                                || letter == '_'
                                || letter == '-');
    }

    static boolean isVersion(String version) {
        return !version.isEmpty()
                && version.chars()
                        .noneMatch(letter -> Character.isWhitespace(letter) || ";=<>!~,*".indexOf(letter) >= 0);
    }
}
