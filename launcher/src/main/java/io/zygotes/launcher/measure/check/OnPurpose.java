package io.zygotes.launcher.measure.check;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The reviewed list of what differs on purpose, {@code on-purpose.json}. The first entry that fits counts. */
final class OnPurpose {

    private static final String FILE = "on-purpose.json";

    private final List<Entry> entries;

    private OnPurpose(List<Entry> entries) {
        this.entries = entries;
    }

    /**
     * One kind of difference.
     *
     * @param packages a pattern for the normalised names of the packages
     * @param strategies a pattern for the names of strategies
     * @param difference a pattern for the whole of {@link Difference#text}
     * @param reason why it is so
     */
    private record Entry(Pattern packages, Pattern strategies, Pattern difference, String reason) {}

    private record Line(String packages, String strategies, String difference, String reason) {}

    /** Reads the list. */
    static OnPurpose read() {
        try (InputStream file = OnPurpose.class.getResourceAsStream(FILE)) {
            List<Line> lines = new ObjectMapper().readValue(file, new TypeReference<List<Line>>() {});
            return new OnPurpose(lines.stream()
                    .map(line -> new Entry(
                            Pattern.compile(line.packages()),
                            Pattern.compile(line.strategies()),
                            Pattern.compile(line.difference(), Pattern.DOTALL),
                            line.reason()))
                    .toList());
        } catch (IOException e) {
            throw new IllegalStateException(FILE + " of this program cannot be read", e);
        }
    }

    /** Why a difference is on purpose; empty if it is not. */
    Optional<String> reason(String name, String strategy, Difference difference) {
        return entries.stream()
                .filter(entry -> entry.packages().matcher(name).matches()
                        && entry.strategies().matcher(strategy).matches()
                        && entry.difference().matcher(difference.text()).matches())
                .map(Entry::reason)
                .findFirst();
    }
}
