package io.zygotes.core.registry;

import io.zygotes.spi.PackageId;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code requirements.txt} as pip-compile writes it: every package pinned, indirect ones too. */
final class Requirements {

    private static final Pattern COMMENT = Pattern.compile("(^|\\s)#.*$");
    private static final Pattern PINNED =
            Pattern.compile("([A-Za-z0-9][A-Za-z0-9._-]*)\\s*(\\[[^\\]]*\\])?\\s*={2,3}\\s*([^\\s;=<>!~,]+)");
    private static final Pattern PER_REQUIREMENT_OPTION = Pattern.compile("\\s--(hash|config-settings)[= ]\\S+");
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
                lines.set(first, COMMENT.matcher(joined).replaceAll(""));
                joined.setLength(0);
                first = i + 1;
            }
        }
        return lines;
    }

    /** The package of one line; null if the line asks for none on this machine. */
    private static PackageId requirement(String line, Map<String, String> environment) {
        if (line.startsWith("-")) {
            String option = line.split("[=\\s]", 2)[0];
            if (IGNORED_OPTIONS.contains(option)) {
                return null;
            }
            throw new IllegalArgumentException("'" + line
                    + "' is not supported; put pinned packages such as six==1.17.0 into the file, for example"
                    + " with pip-compile, and leave projects of your own out (uv export --no-emit-project)");
        }
        if (line.contains("://") || line.contains(" @ ") || line.startsWith(".") || line.startsWith("/")) {
            throw new IllegalArgumentException("'" + line
                    + "' is a path or URL, which is no pin; only packages of the index can be used, in the form"
                    + " name==version, such as six==1.17.0");
        }
        String bare = PER_REQUIREMENT_OPTION.matcher(line).replaceAll("").strip();
        int semicolon = bare.indexOf(';');
        String pin = (semicolon < 0 ? bare : bare.substring(0, semicolon)).strip();
        Matcher matcher = PINNED.matcher(pin);
        if (!matcher.matches() || matcher.group(3).contains("*")) {
            throw new IllegalArgumentException(
                    "'" + pin + "' is not pinned; write name==version (pip-compile does it)");
        }
        if (semicolon >= 0 && !Markers.hold(bare.substring(semicolon + 1), environment)) {
            return null;
        }
        return new PackageId(matcher.group(1), matcher.group(3));
    }
}
