package io.zygotes.core.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * The patterns of a {@code .zygotesignore}, in the form of gitignore(5): the last one that matches decides, {@code !}
 * takes back, {@code /} anchors or asks for a folder, {@code *} and {@code ?} stay within a name, {@code **} does not.
 * Anybody may write the file, so work and sizes have bounds. Of one thread.
 */
final class IgnorePatterns {

    /** The file's name. */
    static final String FILE = ".zygotesignore";

    private static final int MOST_PATTERNS = 1000;
    private static final int LONGEST = 1000;
    /** Letters that are compared for one lambda, at some hundred million in a second. */
    private static final long MOST_STEPS = 200_000_000;

    /** More than two of them mean the same to git. */
    private static final String ANY_FOLDERS = "\\*{2,}";

    private final List<Pattern> patterns = new ArrayList<>();
    private long steps;

    /**
     * One line.
     *
     * @param names what the parts of a path must match; only the last part if it is not anchored
     */
    private record Pattern(List<String> names, boolean anchored, boolean folder, boolean takesBack) {}

    /**
     * Reads a file.
     *
     * @throws IllegalArgumentException naming the line, if a pattern is too long or there are too many
     */
    static IgnorePatterns of(String text) {
        IgnorePatterns all = new IgnorePatterns();
        String[] lines = (text.startsWith("\uFEFF") ? text.substring(1) : text).split("\n", -1);
        for (int i = 0; i < lines.length; i++) {
            String line = lines[i].endsWith("\r") ? lines[i].substring(0, lines[i].length() - 1) : lines[i];
            if (line.length() > LONGEST) {
                throw new IllegalArgumentException(
                        FILE + ", line " + (i + 1) + ": the pattern has more than " + LONGEST + " characters");
            }
            all.add(line);
            if (all.patterns.size() > MOST_PATTERNS) {
                throw new IllegalArgumentException(
                        FILE + ", line " + (i + 1) + ": there are more than " + MOST_PATTERNS + " patterns");
            }
        }
        return all;
    }

    private void add(String line) {
        String pattern = withoutBlanksAtTheEnd(line);
        if (pattern.isEmpty() || pattern.startsWith("#")) {
            return;
        }
        boolean takesBack = pattern.startsWith("!");
        pattern = takesBack ? pattern.substring(1) : pattern;
        boolean folder = pattern.endsWith("/");
        pattern = folder ? pattern.substring(0, pattern.length() - 1) : pattern;
        boolean anchored = pattern.indexOf('/') >= 0;
        pattern = pattern.startsWith("/") ? pattern.substring(1) : pattern;
        if (!pattern.isEmpty()) {
            List<String> names = Stream.of(pattern.split("/", -1))
                    .map(name -> name.matches(ANY_FOLDERS) ? "**" : name)
                    .toList();
            patterns.add(new Pattern(names, anchored, folder, takesBack));
        }
    }

    /** Blanks at the end count only behind a backslash. */
    private static String withoutBlanksAtTheEnd(String line) {
        int end = line.length();
        while (end > 0 && line.charAt(end - 1) == ' ') {
            int backslashes = 0;
            while (end - 2 - backslashes >= 0 && line.charAt(end - 2 - backslashes) == '\\') {
                backslashes++;
            }
            if (backslashes % 2 == 1) {
                break;
            }
            end--;
        }
        return line.substring(0, end);
    }

    /**
     * Whether the patterns leave something out. What lies in a folder that they leave out is not asked about.
     *
     * @param path the names from the lambda's folder down to it
     * @param folder whether it is a folder, and not a link to one
     * @throws IllegalArgumentException if the patterns take too long
     */
    boolean match(List<String> path, boolean folder) {
        for (int i = patterns.size() - 1; i >= 0; i--) {
            Pattern pattern = patterns.get(i);
            if ((folder || !pattern.folder()) && matches(pattern, path)) {
                return !pattern.takesBack();
            }
        }
        return false;
    }

    private boolean matches(Pattern pattern, List<String> path) {
        return pattern.anchored()
                ? matches(pattern.names(), path)
                : matches(pattern.names().getFirst(), path.getLast());
    }

    /** Name by name: which beginnings of the path the beginning of the pattern matches. */
    private boolean matches(List<String> pattern, List<String> path) {
        boolean[] reached = new boolean[path.size() + 1];
        reached[0] = true;
        for (int i = 0; i < pattern.size(); i++) {
            boolean[] next = new boolean[path.size() + 1];
            boolean last = i == pattern.size() - 1;
            for (int j = 0; j <= path.size(); j++) {
                if (!reached[j]) {
                    continue;
                }
                if (pattern.get(i).equals("**")) {
                    // At the end it stands for what is inside, and not for the folder itself.
                    for (int k = last ? j + 1 : j; k <= path.size(); k++) {
                        next[k] = true;
                    }
                } else if (j < path.size() && matches(pattern.get(i), path.get(j))) {
                    next[j + 1] = true;
                }
            }
            reached = next;
        }
        return reached[path.size()];
    }

    /** One name: behind the last {@code *} it is tried again one letter further on. */
    private boolean matches(String pattern, String name) {
        int p = 0;
        int n = 0;
        int star = -1;
        int tried = 0;
        while (n < name.length()) {
            if (++steps > MOST_STEPS) {
                throw new IllegalArgumentException(FILE + ": its patterns take too long; write fewer with '*'");
            }
            if (p < pattern.length() && pattern.charAt(p) == '*') {
                star = ++p;
                tried = n;
                continue;
            }
            int end = p < pattern.length() ? one(pattern, p, name.charAt(n)) : NO_MATCH;
            if (end == NEVER) {
                return false;
            }
            if (end != NO_MATCH) {
                p = end;
                n++;
            } else if (star >= 0) {
                p = star;
                n = ++tried;
            } else {
                return false;
            }
        }
        while (p < pattern.length() && pattern.charAt(p) == '*') {
            p++;
        }
        return p == pattern.length();
    }

    private static final int NO_MATCH = -1;
    /** The pattern is none that can match: a bracket or an escape that does not end. */
    private static final int NEVER = -2;

    /** Where the pattern goes on behind what stands for one letter, if it stands for this one. */
    private static int one(String pattern, int at, char letter) {
        return switch (pattern.charAt(at)) {
            case '?' -> at + 1;
            case '[' -> oneOf(pattern, at + 1, letter);
            case '\\' -> at + 1 == pattern.length() ? NEVER : pattern.charAt(at + 1) == letter ? at + 2 : NO_MATCH;
            default -> pattern.charAt(at) == letter ? at + 1 : NO_MATCH;
        };
    }

    private static int oneOf(String pattern, int first, char letter) {
        int at = first;
        boolean not = at < pattern.length() && (pattern.charAt(at) == '!' || pattern.charAt(at) == '^');
        at += not ? 1 : 0;
        int begin = at;
        boolean found = false;
        while (at < pattern.length() && (pattern.charAt(at) != ']' || at == begin)) {
            int close = pattern.startsWith("[:", at) ? pattern.indexOf(":]", at + 2) : -1;
            if (close >= 0) {
                found |= isOfClass(pattern.substring(at + 2, close), letter);
                at = close + 2;
                continue;
            }
            at += pattern.charAt(at) == '\\' ? 1 : 0;
            if (at >= pattern.length()) {
                return NEVER;
            }
            char from = pattern.charAt(at++);
            char to = from;
            if (at + 1 < pattern.length() && pattern.charAt(at) == '-' && pattern.charAt(at + 1) != ']') {
                at += pattern.charAt(at + 1) == '\\' ? 2 : 1;
                if (at >= pattern.length()) {
                    return NEVER;
                }
                to = pattern.charAt(at++);
            }
            found |= from <= letter && letter <= to;
        }
        if (at >= pattern.length()) {
            return NEVER;
        }
        return found != not ? at + 1 : NO_MATCH;
    }

    private static boolean isOfClass(String name, char letter) {
        boolean lower = letter >= 'a' && letter <= 'z';
        boolean upper = letter >= 'A' && letter <= 'Z';
        boolean digit = letter >= '0' && letter <= '9';
        boolean visible = letter > ' ' && letter < 127;
        return switch (name) {
            case "alpha" -> lower || upper;
            case "digit" -> digit;
            case "alnum" -> lower || upper || digit;
            case "lower" -> lower;
            case "upper" -> upper;
            case "xdigit" -> digit || letter >= 'a' && letter <= 'f' || letter >= 'A' && letter <= 'F';
            case "space" -> letter == ' ' || letter >= 9 && letter <= 13;
            case "blank" -> letter == ' ' || letter == 9;
            case "punct" -> visible && !lower && !upper && !digit;
            case "print" -> visible || letter == ' ';
            case "graph" -> visible;
            case "cntrl" -> letter < 32 || letter == 127;
            default -> false;
        };
    }
}
