package io.zygotes.core.http;

import io.zygotes.core.files.Folders;
import io.zygotes.core.files.StorageException;
import io.zygotes.core.http.HttpQuestion.TooLargeException;
import io.zygotes.core.registry.RegistryException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where bodies are that are larger than there is memory for, as long as they are used. Safe for use by many threads. */
public final class UploadFolder {

    private final Path folder;
    private final long most;

    /**
     * @param folder where; made when it is needed
     * @param most bytes of one body
     */
    public UploadFolder(Path folder, long most) {
        this.folder = folder;
        this.most = most;
    }

    /**
     * Removes what a dead worker left.
     *
     * @throws IOException if it cannot be removed
     */
    public void clean() throws IOException {
        if (!Files.isDirectory(folder)) {
            return; // nothing was ever uploaded
        }
        for (Path left : Folders.siblings(folder)) {
            Folders.delete(left);
        }
    }

    /** What is done with a body. */
    @FunctionalInterface
    interface Use {
        /**
         * @param file holds the body, and is removed afterwards
         * @throws RegistryException if it is no lambda
         * @throws IOException if files cannot be read or written
         */
        void take(Path file) throws RegistryException, IOException;
    }

    /**
     * Writes the body of a request into a file.
     *
     * @return what to answer if the body cannot be read; null if it was used
     * @throws RegistryException as {@link Use}
     * @throws IOException as {@link Use}
     */
    HttpAnswer receive(HttpQuestion question, Use use) throws RegistryException, IOException {
        Folders.createPrivate(folder);
        Path file = Folders.sibling(folder.resolve("body"), "upload");
        try {
            question.upload().to(file, most);
        } catch (StorageException e) {
            Files.deleteIfExists(file);
            throw e;
        } catch (TooLargeException | IOException e) {
            Files.deleteIfExists(file);
            return FailureAnswers.toBody(e);
        }
        try {
            use.take(file);
            return null;
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
