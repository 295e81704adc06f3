package io.zygotes.core.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.System.Logger;
import java.util.ArrayList;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class FewLinesTest {

    private final List<String> lines = new ArrayList<>();
    private final AtomicLong now = new AtomicLong();
    private final FewLines failures = new FewLines(
            new Logger() {
                @Override
                public String getName() {
                    return "test";
                }

                @Override
                public boolean isLoggable(Level level) {
                    return true;
                }

                @Override
                public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
                    lines.add(message);
                }

                @Override
                public void log(Level level, ResourceBundle bundle, String format, Object... params) {
                    lines.add(format);
                }
            },
            now::get);

    @Test
    void aFloodOfFailuresIsCountedInsteadOfLogged() {
        for (int i = 0; i < 1000; i++) {
            failures.log("failure " + i, new IllegalStateException());
        }
        assertEquals(FewLines.MOST, lines.size());

        now.addAndGet(TimeUnit.MINUTES.toNanos(1));
        failures.log("later", null);

        assertTrue(
                lines.get(FewLines.MOST).startsWith(1000 - FewLines.MOST + " failed calls"), lines.get(FewLines.MOST));
        assertEquals("later", lines.getLast());
        assertEquals(FewLines.MOST + 2, lines.size());
    }
}
