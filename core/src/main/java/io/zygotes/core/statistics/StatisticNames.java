package io.zygotes.core.statistics;

import java.util.Locale;
import java.util.regex.Pattern;

/**
 * The names of everything that {@code /stats} shows, in one place. A name is one word of lower-case letters, digits and
 * {@code _}, so that whoever collects the numbers can take it as it is. Only names of import caches may hold more.
 */
public final class StatisticNames {

    /** Requests to lambdas that were answered. */
    public static final String REQUESTS = "requests";

    /** Requests to lambdas that are being answered now. */
    public static final String REQUESTS_IN_FLIGHT = "requests_in_flight";

    /** Switches of the import cache. */
    public static final String RELOADS = "reloads";

    /** Calls that were made again, because the first leaf died before the call reached the lambda. */
    public static final String RETRIES = "retries";

    /** Packages that were installed since the worker was made. */
    public static final String PACKAGES_INSTALLED = "packages_installed";

    /** Times that a zygote found a package unfit for zygotes. */
    public static final String PACKAGES_UNFIT = "packages_unfit";

    /** Versions of lambdas whose import failed in a fork and worked in a fresh process. */
    public static final String SERVED_FRESH = "served_fresh";

    /** Zygotes of functions that were made. */
    public static final String FUNCTION_ZYGOTES_MADE = "function_zygotes_made";

    /** Times that a zygote of a function could not be made or forked, or is not to be made. */
    public static final String FUNCTION_ZYGOTES_FAILED = "function_zygotes_failed";

    /** Calls that the import cache was not told of, because it takes too long for each. */
    public static final String CALL_EVENTS_LOST = "call_events_lost";

    /** How long the import cache took to make a leaf. */
    public static final String LEAF_CREATE = "leaf_create";

    /** {@code mem_pool_mb} in bytes. */
    public static final String MEMORY_TOTAL_BYTES = "memory_total_bytes";

    /** What all sandboxes together may use now, in bytes. */
    public static final String MEMORY_RESERVED_BYTES = "memory_reserved_bytes";

    /** Requests that wait for memory now. */
    public static final String MEMORY_WAITING = "memory_waiting";

    /** Milliseconds since the worker was made. */
    public static final String UPTIME_MS = "uptime_ms";

    /** Leaves of all lambdas now. */
    public static final String LEAVES = "leaves";

    /** Lines that lambdas printed and that were not kept. */
    public static final String OUTPUT_LINES_LOST = "output_lines_lost";

    /** Lines of the trace that were not kept. */
    public static final String TRACE_LOST = "trace_lost";

    /** What network rules refused, of all lambdas, zygotes and installs. */
    public static final String NETWORK_REFUSED = "network_refused";

    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9_]*");
    private static final Pattern NOT_IN_A_NAME = Pattern.compile("[^a-z0-9_]");
    private static final Pattern NOT_IN_A_CACHE_NAME = Pattern.compile("[^a-z0-9_.-]");

    private StatisticNames() {}

    /** Requests by the class of their answer's status: {@code requests_2xx}. */
    public static String requests(int status) {
        return "requests_" + status / 100 + "xx";
    }

    /** How long calls took by where their leaf came from: {@code call_warm}, {@code call_hit}, {@code call_cold}. */
    public static String call(Enum<?> start) {
        return "call_" + lowerCase(start);
    }

    /** How long a step of making a sandbox took: {@code create_clone}. */
    public static String create(String step) {
        return "create_" + step;
    }

    /** What happened to leaves: {@code leaves_made}, {@code leaves_evicted}. */
    public static String leaves(Enum<?> event) {
        return "leaves_" + lowerCase(event);
    }

    /** What happened to zygotes: {@code zygotes_made}, {@code zygotes_died}. */
    public static String zygotes(Enum<?> event) {
        return "zygotes_" + lowerCase(event);
    }

    /**
     * What network rules refused, of one lambda: {@code network_refused_hello}. Letters that no name has are shown as
     * {@code _}, and lambdas whose names are the same then are counted together.
     *
     * @param lambda its name, or what else sandboxes were for
     */
    public static String networkRefused(String lambda) {
        return NETWORK_REFUSED + "_"
                + NOT_IN_A_NAME.matcher(lambda.toLowerCase(Locale.ROOT)).replaceAll("_");
    }

    /**
     * A number of the import cache: {@code cache_hits}. The contract lets a cache name its numbers with {@code -} and
     * {@code .} as well, which are shown as they are; any other character that no name has is shown as {@code _},
     * because a cache may be a third party's.
     */
    public static String cache(String name) {
        return "cache_" + NOT_IN_A_CACHE_NAME.matcher(name).replaceAll("_");
    }

    /**
     * Checks a name.
     *
     * @return the name
     * @throws IllegalArgumentException if it is not one word of lower-case letters, digits and {@code _} that begins
     *     with a letter
     */
    static String check(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new IllegalArgumentException("\"" + name + "\" is no name for a statistic: lower-case letters, digits"
                    + " and '_', beginning with a letter");
        }
        return name;
    }

    private static String lowerCase(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }
}
