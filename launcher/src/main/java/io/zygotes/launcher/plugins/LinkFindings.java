package io.zygotes.launcher.plugins;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a plugin refers to and cannot reach, and what to do about it. Each missing thing is said once. */
final class LinkFindings {

    /** A jar compiled against the wrong thing has hundreds; a few say enough. */
    private static final int MOST_NAMED = 4;

    /** By what is missing, so that it is said for the first class that refers to it only. */
    private final Map<String, Finding> faults = new LinkedHashMap<>();

    private final Map<String, Finding> doubts = new LinkedHashMap<>();

    /** Something that is wrong, and what can be done about it. */
    private record Finding(String what, String mend) {}

    /**
     * Adds something that is missing.
     *
     * @param fault whether the plugin cannot be used without it; otherwise it is worth a warning
     * @param missing the class or member
     * @param what a sentence about it
     * @param mend what to do about it
     */
    void add(boolean fault, String missing, String what, String mend) {
        (fault ? faults : doubts).putIfAbsent(missing, new Finding(what, mend));
    }

    /** The result of the check, with everything that was added. */
    LinkCheck.Result result() {
        List<String> warnings = doubts.isEmpty()
                ? List.of()
                : List.of(
                        "a library refers to what is not there, which matters only if it is called: " + named(doubts));
        return faults.isEmpty()
                ? new LinkCheck.Result("", "", warnings)
                : new LinkCheck.Result(
                        named(faults), faults.values().iterator().next().mend(), warnings);
    }

    private static String named(Map<String, Finding> findings) {
        String first =
                findings.values().stream().map(Finding::what).limit(MOST_NAMED).collect(Collectors.joining(", "));
        int more = findings.size() - MOST_NAMED;
        return more > 0 ? first + ", and " + more + " more of this kind" : first;
    }
}
