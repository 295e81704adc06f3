package io.zygotes.core.registry;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Reads the {@code .env} of a lambda, in the form of python-dotenv: {@code NAME=value} lines, maybe behind
 * {@code export}, with values in single quotes, double quotes, or none, and comments. {@code ${NAME}} and
 * {@code ${NAME:-other}} stand for other variables, in all three; nothing else is expanded, and nothing is run. Read
 * letter by letter, each of them once. Of one thread.
 */
final class DotEnv {

    /** The file's name. */
    static final String FILE = ".env";

    /** What a backslash and a letter mean in double quotes. */
    private static final Map<Character, Character> ESCAPES = Map.of(
            '\\', '\\', '\'', '\'', '"', '"', 'a', '\u0007', 'b', '\b', 'f', '\f', 'n', '\n', 'r', '\r', 't', '\t', 'v',
            '\u000B');

    /** Characters of all values; a variable that stands for others may be long. */
    private static final int MOST = 1 << 20;

    private final String text;
    private final Map<String, String> known;
    private final Map<String, String> values = new LinkedHashMap<>();
    private final Faults faults = new Faults();
    private int at;
    private int line = 1;
    private int length;

    private DotEnv(String text, Map<String, String> known) {
        this.text = text.startsWith("\uFEFF") ? text.substring(1) : text;
        this.known = new HashMap<>(known);
    }

    /**
     * The variables of a file. A name that stands there twice has its last value; one without {@code =} has none.
     *
     * @param text the file
     * @param known other variables, which count more than those of the file where a value names them
     * @throws IllegalArgumentException naming each line that cannot be read
     */
    static Map<String, String> parse(String text, Map<String, String> known) {
        DotEnv file = new DotEnv(text, known);
        while (file.at < file.text.length()) {
            file.statement();
        }
        file.faults.end();
        return file.values;
    }

    private void statement() {
        skipBlanks();
        int first = line;
        if (!atEnd() && text.charAt(at) != '#') {
            try {
                assignment();
            } catch (IllegalArgumentException e) {
                faults.add(FILE + ", line " + first + ": " + e.getMessage());
            }
        }
        skipLine();
    }

    private void assignment() {
        if (text.startsWith("export", at) && at + 6 < text.length() && isBlank(text.charAt(at + 6))) {
            at += 6;
            skipBlanks();
        }
        String name = name();
        skipBlanks();
        if (atEnd() || text.charAt(at) == '#') {
            return; // only named: it is whatever it is
        }
        if (text.charAt(at) != '=') {
            throw new IllegalArgumentException("a '=' is missing behind '" + ErrorText.shortened(name) + "'");
        }
        at++;
        skipBlanks();
        String value = expanded(value());
        if (value.indexOf('\0') >= 0) {
            throw new IllegalArgumentException(name + " holds the character 0, which no variable can");
        }
        AtStart.require(name);
        length += value.length();
        if (length > MOST) {
            throw new IllegalArgumentException("the values have more than " + MOST + " characters");
        }
        values.put(name, value);
        known.putIfAbsent(name, value);
    }

    private String name() {
        int from = at;
        if (text.charAt(at) == '\'') {
            int end = text.indexOf('\'', at + 1);
            if (end <= at + 1 || text.substring(at, end).contains("\n")) {
                throw new IllegalArgumentException("a name in quotes is empty or has no end");
            }
            at = end + 1;
            return text.substring(from + 1, end);
        }
        while (!atEnd() && !isBlank(text.charAt(at)) && text.charAt(at) != '=' && text.charAt(at) != '#') {
            at++;
        }
        if (at == from) {
            throw new IllegalArgumentException("a name is missing before '" + text.charAt(at) + "'");
        }
        return text.substring(from, at);
    }

    private String value() {
        if (atEnd()) {
            return "";
        }
        char quote = text.charAt(at);
        if (quote != '\'' && quote != '"') {
            return plain();
        }
        String value = quoted(quote);
        skipBlanks();
        if (!atEnd() && text.charAt(at) != '#') {
            throw new IllegalArgumentException("something stands behind the value in quotes: put all of it into them");
        }
        return value;
    }

    private String plain() {
        int from = at;
        int end = -1;
        for (; !atEnd(); at++) {
            if (end < 0 && text.charAt(at) == '#' && at > from && isBlank(text.charAt(at - 1))) {
                end = at;
            }
        }
        return text.substring(from, end < 0 ? at : end).strip();
    }

    private String quoted(char quote) {
        StringBuilder value = new StringBuilder();
        int opened = at;
        int openedLine = line;
        for (at++; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter == quote) {
                at++;
                return value.toString();
            }
            if (letter == '\n') {
                line++;
            }
            char next = letter == '\\' && at + 1 < text.length() ? text.charAt(at + 1) : 0;
            boolean escape = quote == '"' ? ESCAPES.containsKey(next) : next == '\\' || next == quote;
            if (escape) {
                at++;
            }
            value.append(escape ? quote == '"' ? ESCAPES.get(next) : next : letter);
        }
        // The lines below may be right: only this one is wrong.
        at = opened;
        line = openedLine;
        throw new IllegalArgumentException("the value has no closing " + quote);
    }

    private String expanded(String value) {
        StringBuilder all = new StringBuilder();
        int from = 0;
        for (int open = value.indexOf("${"); open >= 0; open = value.indexOf("${", from)) {
            int close = value.indexOf('}', open);
            if (close < 0) {
                break;
            }
            String inner = value.substring(open + 2, close);
            int colon = inner.indexOf(":-");
            String other = colon < 0 ? "" : inner.substring(colon + 2);
            all.append(value, from, open)
                    .append(known.getOrDefault(colon < 0 ? inner : inner.substring(0, colon), other));
            if (all.length() > MOST) {
                throw new IllegalArgumentException("the value has more than " + MOST + " characters");
            }
            from = close + 1;
        }
        return all.append(value, from, value.length()).toString();
    }

    /** To the first letter of the next line. */
    private void skipLine() {
        while (!atEnd()) {
            at++;
        }
        if (at < text.length()) {
            boolean both = text.startsWith("\r\n", at);
            at += both ? 2 : 1;
            line++;
        }
    }

    private void skipBlanks() {
        while (!atEnd() && isBlank(text.charAt(at))) {
            at++;
        }
    }

    private boolean atEnd() {
        return at >= text.length() || text.charAt(at) == '\n' || text.charAt(at) == '\r';
    }

    private static boolean isBlank(char letter) {
        return letter != '\n' && letter != '\r' && Character.isWhitespace(letter);
    }
}
