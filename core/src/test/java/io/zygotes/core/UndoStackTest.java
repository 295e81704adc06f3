package io.zygotes.core;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UndoStackTest {

    private final List<String> undone = new ArrayList<>();
    private final UndoStack stack = new UndoStack();

    @Test
    void theLastStepIsUndoneFirstAndEachOnlyOnce() {
        stack.push("first", () -> undone.add("first"));
        stack.push("second", () -> undone.add("second"));

        stack.undoAll();
        stack.undoAll();

        assertEquals(List.of("second", "first"), undone);
    }

    @Test
    void whatCannotBeUndoneDoesNotKeepTheRest() {
        stack.push("first", () -> undone.add("first"));
        stack.push("second", () -> {
            throw new IOException("a fault of this test");
        });
        stack.push("third", () -> {
            throw new InterruptedException();
        });

        stack.undoAll();

        assertEquals(List.of("first"), undone);
        assertTrue(Thread.interrupted(), "who is interrupted is so afterwards");
    }
}
