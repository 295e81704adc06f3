package io.zygotes.core.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/**
 * A file that makes room for a new one when it is full. Older ones have {@code .1}, {@code .2} and so on behind their
 * name, the oldest the highest number.
 *
 * @param newest the file that is written to; nobody has it open while it makes room
 */
public record RotatedFile(Path newest) {

    /** How many older ones are kept. */
    private static final int OLDER = 4;

    /**
     * Gives each file the next number; the oldest goes.
     *
     * @throws IOException if one cannot be renamed; those with higher numbers have theirs already
     */
    public void makeRoom() throws IOException {
        for (int i = OLDER - 1; i >= 0; i--) {
            if (Files.exists(numbered(i))) {
                Files.move(numbered(i), numbered(i + 1), StandardCopyOption.REPLACE_EXISTING);
            }
        }
    }

    private Path numbered(int number) {
        return number == 0 ? newest : newest.resolveSibling(newest.getFileName() + "." + number);
    }
}
