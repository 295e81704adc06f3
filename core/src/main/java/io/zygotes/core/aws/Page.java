package io.zygotes.core.aws;

import io.zygotes.core.aws.AwsException.Type;
import java.util.List;
import java.util.Optional;

/**
 * A part of a long list.
 *
 * @param items what is in it
 * @param next where the next one begins; empty if this is the last one
 */
record Page<T>(List<T> items, Optional<String> next) {

    /** As many as the service gives at most. */
    private static final int MOST = 50;

    private static final int MOST_WANTED = 10_000;

    Page {
        items = List.copyOf(items);
    }

    /** The part that a request asks for by {@code Marker} and {@code MaxItems}. */
    static <T> Page<T> of(List<T> all, AwsRequest request) throws AwsException {
        int from = number(request, "Marker", 0, 0, Integer.MAX_VALUE);
        int most = Math.min(MOST, number(request, "MaxItems", MOST, 1, MOST_WANTED));
        int begin = Math.min(from, all.size());
        int end = Math.min(begin + most, all.size());
        return new Page<>(
                all.subList(begin, end), end < all.size() ? Optional.of(Integer.toString(end)) : Optional.empty());
    }

    private static int number(AwsRequest request, String name, int fallback, int least, int most) throws AwsException {
        Optional<String> text = request.parameter(name);
        if (text.isEmpty()) {
            return fallback;
        }
        if (text.get().matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(text.get());
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw new AwsException(
                Type.INVALID_PARAMETER,
                name + " is '" + text.get() + "'; it must be "
                        + (least == 0 ? "what the page before said" : "a number from " + least + " to " + most));
    }
}
