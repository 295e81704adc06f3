package io.zygotes.spi;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * A plugin's own options, with checks. Ask for each option once, then call {@link #finish}: it reports every wrong
 * value and every unknown key in one exception. Not safe for use by many threads.
 */
@Stability(Stability.Level.STABLE)
public final class Options {

    private final String where;
    private final Map<String, Object> values;
    private final TreeSet<String> known = new TreeSet<>();
    private final List<String> faults = new ArrayList<>();

    /**
     * @param where file and JSON path of the object, such as {@code config.json: $.plugins.tree}
     * @param values the options as a JSON library reads them: String, Number, Boolean, List, Map
     */
    public Options(String where, Map<String, Object> values) {
        this.where = Objects.requireNonNull(where);
        this.values = Map.copyOf(values);
    }

    /**
     * A whole number.
     *
     * @param name the option's key
     * @param fallback what it is when it is not set
     * @param least the smallest value allowed
     * @param most the largest value allowed
     */
    public int integer(String name, int fallback, int least, int most) {
        known.add(name);
        Object value = values.get(name);
        if (value == null) {
            return fallback;
        }
        if (!(value instanceof Number number) || number.doubleValue() != Math.rint(number.doubleValue())) {
            faults.add(name + " must be a whole number, not " + value);
            return fallback;
        }
        if (number.doubleValue() < least || number.doubleValue() > most) {
            faults.add(name + " is " + value + ", it must be from " + least + " to " + most);
            return fallback;
        }
        return number.intValue();
    }

    /**
     * A switch.
     *
     * @param name the option's key
     * @param fallback what it is when it is not set
     */
    public boolean flag(String name, boolean fallback) {
        known.add(name);
        Object value = values.get(name);
        if (value == null) {
            return fallback;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        faults.add(name + " must be true or false, not " + value);
        return fallback;
    }

    /**
     * A text.
     *
     * @param name the option's key
     * @param fallback what it is when it is not set
     */
    public String text(String name, String fallback) {
        known.add(name);
        Object value = values.get(name);
        if (value == null) {
            return fallback;
        }
        if (value instanceof String text) {
            return text;
        }
        faults.add(name + " must be a text, not " + value);
        return fallback;
    }

    /**
     * A list of texts.
     *
     * @param name the option's key
     * @param fallback what it is when it is not set
     * @param allowed whether a text may be in it
     * @param what what each of them must be, for people, such as {@code the name of a module}
     * @since 1.2
     */
    public List<String> texts(String name, List<String> fallback, Predicate<String> allowed, String what) {
        known.add(name);
        Object value = values.get(name);
        if (value == null) {
            return fallback;
        }
        if (!(value instanceof List<?> list)) {
            faults.add(name + " must be a list, not " + value);
            return fallback;
        }
        List<String> texts = new ArrayList<>();
        for (Object each : list) {
            if (!(each instanceof String text) || !allowed.test(text)) {
                faults.add(name + " has " + each + ", which is not " + what);
            } else if (texts.contains(text)) {
                faults.add(name + " has " + text + " twice");
            } else {
                texts.add(text);
            }
        }
        return List.copyOf(texts);
    }

    /**
     * Ends the reading.
     *
     * @throws ConfigException if a value was wrong or a key was not asked for; names all of them
     */
    public void finish() throws ConfigException {
        List<String> all = new ArrayList<>(faults);
        for (String key : new TreeSet<>(values.keySet())) {
            if (!known.contains(key)) {
                all.add("unknown option " + key
                        + (known.isEmpty() ? " (there are no options)" : ", known are " + known));
            }
        }
        if (!all.isEmpty()) {
            throw new ConfigException(where, String.join("; ", all));
        }
    }
}
