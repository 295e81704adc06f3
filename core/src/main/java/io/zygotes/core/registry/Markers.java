package io.zygotes.core.registry;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Environment markers of requirements (PEP 508), such as {@code python_version < "3.11" and sys_platform == "linux"}.
 * Evaluated by a recursive descent: or, and, comparison or parentheses.
 */
final class Markers {

    /** Matched at one place only, and without a way back: what does not match is seen after one look. */
    private static final Pattern TOKEN = Pattern.compile(
            "\\s*+(?:(\\()|(\\))|(===|==|!=|<=|>=|~=|<|>)|'([^']*+)'|\"([^\"]*+)\"|([A-Za-z_][A-Za-z0-9_.]*+))");
    /** Whose values compare as versions. */
    private static final Set<String> VERSIONS =
            Set.of("python_version", "python_full_version", "implementation_version");

    /** Names of a former time, which setuptools still takes. */
    private static final Map<String, String> FORMER = Map.of(
            "os.name", "os_name",
            "sys.platform", "sys_platform",
            "platform.version", "platform_version",
            "platform.machine", "platform_machine",
            "platform.python_implementation", "platform_python_implementation",
            "python_implementation", "platform_python_implementation");

    /** Variables of PEP 751 that are sets: what a lambda needs beside its own packages stands among those. */
    private static final Set<String> SETS = Set.of("extras", "dependency_groups");

    private static final Pattern NUMBER = Pattern.compile("[0-9]{1,9}");
    /** Parentheses in parentheses; each takes a part of the stack. */
    private static final int MAX_DEPTH = 100;

    private final Map<String, String> environment;
    private final List<Token> tokens = new ArrayList<>();
    private int next;
    private int depth;

    private enum Kind {
        OPEN,
        CLOSE,
        OPERATOR,
        TEXT,
        WORD
    }

    private record Token(Kind kind, String text) {}

    private Markers(String marker, Map<String, String> environment) {
        this.environment = environment;
        String rest = marker.stripTrailing();
        Matcher matcher = TOKEN.matcher(rest);
        int at = 0;
        while (at < rest.length()) {
            if (!matcher.region(at, rest.length()).lookingAt()) {
                throw new IllegalArgumentException("cannot read the marker at '"
                        + ErrorText.shortened(rest.substring(at).strip()) + "'");
            }
            tokens.add(token(matcher));
            at = matcher.end();
        }
    }

    private static Token token(Matcher matcher) {
        Kind[] kinds = {Kind.OPEN, Kind.CLOSE, Kind.OPERATOR, Kind.TEXT, Kind.TEXT, Kind.WORD};
        for (int i = 0; i < kinds.length; i++) {
            if (matcher.group(i + 1) != null) {
                return new Token(kinds[i], matcher.group(i + 1));
            }
        }
        throw new IllegalStateException("a token that is none");
    }

    /**
     * Whether a marker holds.
     *
     * @param environment values of the marker variables; {@code extra} is empty, and so are {@code extras} and
     *     {@code dependency_groups} if they are not there, whose names are divided by commas
     * @throws IllegalArgumentException if it is not a marker
     */
    static boolean hold(String marker, Map<String, String> environment) {
        Markers markers = new Markers(marker, environment);
        boolean value = markers.or();
        if (markers.next < markers.tokens.size()) {
            throw new IllegalArgumentException("the marker goes on after its end: '"
                    + ErrorText.shortened(markers.tokens.get(markers.next).text()) + "'");
        }
        return value;
    }

    private boolean or() {
        boolean value = and();
        while (takeWord("or")) {
            // Both sides are read in any case.
            value |= and();
        }
        return value;
    }

    private boolean and() {
        boolean value = term();
        while (takeWord("and")) {
            value &= term();
        }
        return value;
    }

    private boolean term() {
        if (peek() != null && peek().kind() == Kind.OPEN) {
            next++;
            if (++depth > MAX_DEPTH) {
                throw new IllegalArgumentException("the marker has parentheses more than " + MAX_DEPTH + " deep");
            }
            boolean value = or();
            depth--;
            if (take().kind() != Kind.CLOSE) {
                throw new IllegalArgumentException("a ')' is missing in the marker");
            }
            return value;
        }
        Token left = take();
        String operator = operator();
        Token right = take();
        if (right.kind() == Kind.WORD && SETS.contains(right.text())) {
            return List.of(value(right).split(",")).contains(value(left)) == operator.equals("in");
        }
        boolean versions = VERSIONS.contains(left.text()) && left.kind() == Kind.WORD
                || VERSIONS.contains(right.text()) && right.kind() == Kind.WORD;
        return compare(value(left), operator, value(right), versions);
    }

    private String operator() {
        Token token = take();
        if (token.kind() == Kind.OPERATOR) {
            return token.text();
        }
        if (token.kind() == Kind.WORD && token.text().equals("in")) {
            return "in";
        }
        if (token.kind() == Kind.WORD && token.text().equals("not") && takeWord("in")) {
            return "not in";
        }
        throw new IllegalArgumentException("'" + ErrorText.shortened(token.text()) + "' is no comparison of a marker");
    }

    private String value(Token token) {
        if (token.kind() == Kind.TEXT) {
            return token.text();
        }
        if (token.kind() != Kind.WORD) {
            throw new IllegalArgumentException(
                    "'" + ErrorText.shortened(token.text()) + "' stands where a marker needs a value");
        }
        if (token.text().equals("extra")) {
            return "";
        }
        if (SETS.contains(token.text())) {
            return environment.getOrDefault(token.text(), "");
        }
        String value = environment.get(FORMER.getOrDefault(token.text(), token.text()));
        if (value == null) {
            throw new IllegalArgumentException("'" + ErrorText.shortened(token.text()) + "' is no marker variable");
        }
        return value;
    }

    private static boolean compare(String left, String operator, String right, boolean versions) {
        return switch (operator) {
            case "in" -> right.contains(left);
            case "not in" -> !right.contains(left);
            case "===" -> left.equals(right);
            case "==" -> versions ? matches(left, right) : left.equals(right);
            case "!=" -> versions ? !matches(left, right) : !left.equals(right);
            case "~=" -> versions && order(left, right) >= 0 && matches(left, withoutLastPart(right) + ".*");
            case "<" -> order(left, right, versions) < 0;
            case "<=" -> order(left, right, versions) <= 0;
            case ">" -> order(left, right, versions) > 0;
            case ">=" -> order(left, right, versions) >= 0;
            default -> throw new IllegalArgumentException("'" + operator + "' is no comparison of a marker");
        };
    }

    private static boolean matches(String version, String pattern) {
        if (!pattern.endsWith(".*")) {
            return order(version, pattern) == 0;
        }
        String prefix = pattern.substring(0, pattern.length() - 1);
        return (version + ".").startsWith(prefix);
    }

    private static String withoutLastPart(String version) {
        int dot = version.lastIndexOf('.');
        return dot < 0 ? version : version.substring(0, dot);
    }

    private static int order(String left, String right, boolean versions) {
        return versions ? order(left, right) : left.compareTo(right);
    }

    /** Compares releases number by number; what is not a number counts as 0 (pre-releases of Python itself). */
    private static int order(String left, String right) {
        String[] a = left.split("\\.");
        String[] b = right.split("\\.");
        for (int i = 0; i < Math.max(a.length, b.length); i++) {
            int order = Integer.compare(part(a, i), part(b, i));
            if (order != 0) {
                return order;
            }
        }
        return 0;
    }

    private static int part(String[] parts, int i) {
        if (i >= parts.length) {
            return 0;
        }
        Matcher digits = NUMBER.matcher(parts[i].strip());
        return digits.lookingAt() ? Integer.parseInt(digits.group()) : 0;
    }

    private Token peek() {
        return next < tokens.size() ? tokens.get(next) : null;
    }

    private Token take() {
        if (next >= tokens.size()) {
            throw new IllegalArgumentException("the marker ends too early");
        }
        return tokens.get(next++);
    }

    private boolean takeWord(String word) {
        Token token = peek();
        if (token != null && token.kind() == Kind.WORD && token.text().equals(word)) {
            next++;
            return true;
        }
        return false;
    }
}
