package io.zygotes.core.registry;

import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Reads {@code requirements.txt} as pip-compile writes it: every package pinned, indirect ones too. Anybody may write the
 * file, so it is read letter by letter, each of them once, and sizes have bounds.
 */
final class Requirements {

    /** Characters of one requirement with its hashes; a release of 200 files has 16,000. */
    private static final int MAX_LINE = 256 << 10;
    /** Packages of one lambda; each may mean an install, and is a folder on the path of Python. */
    private static final int MAX_PACKAGES = 1000;

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
            "--require-hashes",
            "--use-feature");

    private Requirements() {}

    /**
     * The packages that a lambda pins on this machine.
     *
     * @param text the file
     * @param environment values of the marker variables
     * @throws IllegalArgumentException naming each line that is not a pinned requirement
     */
    static Set<PackageId> parse(String text, Map<String, String> environment) {
        Map<String, PackageId> all = new LinkedHashMap<>();
        List<String> faults = new ArrayList<>();
        List<String> lines = logicalLines(text);
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i).strip();
            if (line.isEmpty()) {
                continue;
            }
            try {
                PackageId id = requirement(line, environment);
                PackageId other = id == null ? null : all.putIfAbsent(id.name(), id);
                if (other != null && !other.equals(id)) {
                    throw new IllegalArgumentException(
                            id.name() + " is pinned twice, to " + other.version() + " and " + id.version());
                }
                if (all.size() > MAX_PACKAGES) {
                    throw new IllegalArgumentException("there are more than " + MAX_PACKAGES + " packages");
                }
            } catch (IllegalArgumentException e) {
                faults.add("line " + (i + 1) + ": " + e.getMessage());
            }
        }
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("requirements.txt, " + String.join("; ", faults));
        }
        return Set.copyOf(all.values());
    }

    /** Joins continued lines at the index of their first one, and takes comments away. */
    private static List<String> logicalLines(String text) {
        List<String> lines = new ArrayList<>();
        String[] physical = text.replace("\uFEFF", "").split("\\r?\\n", -1);
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
    private static PackageId requirement(String line, Map<String, String> environment) {
        if (line.length() > MAX_LINE) {
            throw new IllegalArgumentException("it has " + line.length() + " characters, more than " + MAX_LINE);
        }
        if (line.startsWith("-")) {
            if (IGNORED_OPTIONS.contains(firstWord(line))) {
                return null;
            }
            throw new IllegalArgumentException("'" + ErrorText.shortened(line)
                    + "' is not supported; put pinned packages such as six==1.17.0 into the file, for example"
                    + " with pip-compile, and leave projects of your own out (uv export --no-emit-project)");
        }
        if (line.contains("://") || line.contains(" @ ") || line.startsWith(".") || line.startsWith("/")) {
            throw new IllegalArgumentException("'" + ErrorText.shortened(line)
                    + "' is a path or URL, which is no pin; only packages of the index can be used, in the form"
                    + " name==version, such as six==1.17.0");
        }
        int options = optionsOf(line);
        String bare = line.substring(0, options).strip();
        checkOptions(line.substring(options));
        int semicolon = bare.indexOf(';');
        PackageId id = pin((semicolon < 0 ? bare : bare.substring(0, semicolon)).strip());
        if (semicolon >= 0 && !Markers.hold(bare.substring(semicolon + 1), environment)) {
            return null;
        }
        return id;
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

    private static void checkOptions(String options) {
        String[] words = options.strip().split("\\s+");
        for (int i = 0; i < words.length && !words[i].isEmpty(); i++) {
            String name = firstWord(words[i]);
            if (!name.equals("--hash") && !name.equals("--config-settings")) {
                throw new IllegalArgumentException("'" + ErrorText.shortened(words[i]) + "' is not supported here");
            }
            if (!words[i].contains("=")) {
                // Its value is the next word.
                i++;
            }
        }
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

    private static boolean isName(String name) {
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

    private static boolean isVersion(String version) {
        return !version.isEmpty()
                && version.chars()
                        .noneMatch(letter -> Character.isWhitespace(letter) || ";=<>!~,*".indexOf(letter) >= 0);
    }
}
