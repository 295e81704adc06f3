package io.zygotes.core.aws;

import io.zygotes.core.files.Folders;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The records of all functions, each in a file that is written beside and renamed. Safe for use by many threads. */
final class FunctionRecords {

    private static final Logger LOG = System.getLogger(FunctionRecords.class.getName());
    private static final String END = ".json";

    private final Path folder;
    private final Map<String, FunctionRecord> records = new ConcurrentHashMap<>();

    /** @param folder where the files are; made when the first one is written */
    FunctionRecords(Path folder) {
        this.folder = folder;
    }

    /**
     * Reads all of them. One that cannot be understood is passed over, and told: its function is one that was installed
     * otherwise then.
     *
     * @throws IOException if the folder cannot be read
     */
    void load() throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        for (Path left : Folders.abandonedSiblings(folder)) {
            Folders.delete(left);
        }
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "[!.]*" + END)) {
            for (Path file : files) {
                String name = file.getFileName().toString();
                try {
                    records.put(
                            name.substring(0, name.length() - END.length()),
                            FunctionRecord.of(Json.read(Files.readAllBytes(file))));
                } catch (IOException e) {
                    LOG.log(Level.WARNING, "cannot understand " + file + ", which is passed over: " + e.getMessage());
                }
            }
        }
    }

    /** What is known of a function; {@link FunctionRecord#NONE} if nothing is. */
    FunctionRecord of(String function) {
        return records.getOrDefault(function, FunctionRecord.NONE);
    }

    Map<String, FunctionRecord> all() {
        return Map.copyOf(records);
    }

    /** @throws IOException if it cannot be written; then it is as it was */
    void put(String function, FunctionRecord record) throws IOException {
        Folders.createPrivate(folder);
        Folders.write(folder.resolve(function + END), Json.bytes(record.json()));
        records.put(function, record);
    }

    /** @throws IOException if it cannot be removed */
    void remove(String function) throws IOException {
        Files.deleteIfExists(folder.resolve(function + END));
        records.remove(function);
    }
}
