package pycturestream

import java.lang.{Boolean => JavaBoolean}
import java.nio.charset.StandardCharsets.UTF_8
import java.nio.file.FileAlreadyExistsException
import java.util.{Arrays, Iterator => JavaIterator}

import scala.annotation.tailrec
import scala.jdk.CollectionConverters._

import io.delta.storage.S3SingleDriverLogStore
import org.apache.hadoop.conf.Configuration
import org.apache.hadoop.fs.{FileSystem, Path}
import org.apache.hadoop.fs.s3a.{AWSServiceIOException, RemoteFileChangedException}

/** Commits to a Delta log in a bucket so that writers in other processes cannot write over each other.
  *
  * Delta's own store for S3 looks whether a version is there and then writes it: between the two another
  * process may commit the same version. Here the store itself decides, by `If-None-Match: *`.
  */
class ConditionalLogStore(conf: Configuration) extends S3SingleDriverLogStore(conf) {
  private val Conflict = 409
  private val PauseMs = 100L

  override def write(
      path: Path,
      actions: JavaIterator[String],
      overwrite: JavaBoolean,
      hadoopConf: Configuration): Unit = {
    // Whole in memory before the upload begins: a stream that is closed after a failure is a commit.
    val content = actions.asScala.map(_ + "\n").mkString.getBytes(UTF_8)
    val files = path.getFileSystem(hadoopConf)
    commit(files, path, content, overwrite, attempts = 10)
  }

  @tailrec
  private def commit(
      files: FileSystem, path: Path, content: Array[Byte], overwrite: Boolean, attempts: Int): Unit = {
    val isPutOff =
      try { put(files, path, content, overwrite); false }
      catch {
        // An answer may be lost and the request repeated: then the object that is in the way is our own.
        case _: RemoteFileChangedException if holds(files, path, content) => false
        case _: RemoteFileChangedException => throw new FileAlreadyExistsException(path.toString)
        // Somebody writes the same version at this moment, and which of the two will stay is not known yet.
        case error: AWSServiceIOException if error.statusCode == Conflict && attempts > 1 => true
      }
    if (isPutOff) {
      Thread.sleep(PauseMs)
      commit(files, path, content, overwrite, attempts - 1)
    }
  }

  private def put(files: FileSystem, path: Path, content: Array[Byte], overwrite: Boolean): Unit = {
    val builder = files.createFile(path).recursive().overwrite(overwrite)
    if (!overwrite) builder.must("fs.option.create.conditional.overwrite", true)
    val stream = builder.build()
    stream.write(content)
    stream.close()
  }

  private def holds(files: FileSystem, path: Path, content: Array[Byte]): Boolean = {
    val stream = files.open(path)
    try Arrays.equals(stream.readAllBytes(), content)
    finally stream.close()
  }
}
