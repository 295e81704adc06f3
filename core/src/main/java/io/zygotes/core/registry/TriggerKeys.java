package io.zygotes.core.registry;

import io.zygotes.core.config.NearestKey;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/** Reads {@code triggers} of an {@code ol.yaml}: what calls a lambda. Of one thread. */
final class TriggerKeys {

    private static final String HTTP = "http";
    private static final String METHOD = "method";
    private static final String ANY = "*";
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_.-]{0,63}");

    /** What may be meant by one that is none; the first of two that are as near. */
    private static final List<String> USUAL = List.of("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS");

    /** The registry of HTTP methods that IANA keeps (RFC 9110, section 16.1). */
    private static final Set<String> METHODS = Set.of(
            "ACL",
            "BASELINE-CONTROL",
            "BIND",
            "CHECKIN",
            "CHECKOUT",
            "CONNECT",
            "COPY",
            "DELETE",
            "GET",
            "HEAD",
            "LABEL",
            "LINK",
            "LOCK",
            "MERGE",
            "MKACTIVITY",
            "MKCALENDAR",
            "MKCOL",
            "MKREDIRECTREF",
            "MKWORKSPACE",
            "MOVE",
            "OPTIONS",
            "ORDERPATCH",
            "PATCH",
            "POST",
            "PROPFIND",
            "PROPPATCH",
            "PUT",
            "QUERY",
            "REBIND",
            "REPORT",
            "SEARCH",
            "TRACE",
            "UNBIND",
            "UNCHECKOUT",
            "UNLINK",
            "UNLOCK",
            "UPDATE",
            "UPDATEREDIRECTREF",
            "VERSION-CONTROL");

    private final YamlMapping section;
    private final Faults faults;

    /**
     * @param section the value of {@code triggers}
     * @param faults takes what is wrong
     */
    TriggerKeys(YamlMapping section, Faults faults) {
        this.section = section;
        this.faults = faults;
    }

    /** The methods of {@code http}; empty for all. A list without any is one that nothing calls over HTTP. */
    Optional<Set<String>> methods() {
        if (!section.has(HTTP)) {
            return Optional.empty();
        }
        Set<String> methods = new LinkedHashSet<>();
        for (YamlMapping trigger : faults.of(() -> section.sections(HTTP), List.<YamlMapping>of())) {
            trigger.requireKnown("triggers.http: ", List.of(METHOD), faults);
            methods.add(faults.of(() -> method(trigger), ANY));
        }
        return methods.contains(ANY) ? Optional.empty() : Optional.of(methods);
    }

    private String method(YamlMapping trigger) {
        if (!trigger.has(METHOD)) {
            throw section.fault(
                    HTTP, "triggers.http: each part needs a method, such as 'method: POST' or 'method: \"*\"'");
        }
        String method = trigger.text(METHOD).strip().toUpperCase(Locale.ROOT);
        if (!method.equals(ANY) && !METHODS.contains(method)) {
            throw trigger.fault(
                    METHOD,
                    "triggers.http: '" + ErrorText.shortened(method) + "' is no method of HTTP"
                            + NearestKey.of(method, USUAL)
                                    .map(near -> ": did you mean '" + near + "'?")
                                    .orElse("; write \"*\" for all"));
        }
        return method;
    }

    /** All other triggers by their names, with their options as JSON. What serves one checks its options. */
    Map<String, String> others() {
        Map<String, String> others = new TreeMap<>();
        for (String name : section.keys()) {
            if (name.equals(HTTP)) {
                continue;
            }
            if (!NAME.matcher(name).matches()) {
                faults.add(section.faultOfKey(
                        name, "triggers: '" + ErrorText.shortened(name) + "' is no name of a trigger"));
            } else if (section.isText(name) && section.has(name)) {
                faults.add(section.fault(
                        name, "triggers." + name + " must be a mapping of options, or a list of such, not a text"));
            } else {
                others.put(name, faults.of(() -> section.json(name), "null"));
            }
        }
        return others;
    }
}
