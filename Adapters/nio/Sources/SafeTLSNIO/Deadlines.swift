// SPDX-License-Identifier: Apache-2.0

import NIOCore
import Synchronization

/// A connection that may have a deadline.
class TimedConnection {
    /// Its place among the deadlines of its event loop.
    fileprivate final var place = 0
    /// Where that is; nil without a deadline.
    fileprivate final var deadlines: Deadlines?

    /// Called when the deadline has come, which is gone then.
    func deadlinePassed(on eventLoop: any EventLoop) {}
}

/// The deadlines of one event loop's connections.
///
/// Nearly all deadlines are called off before they come, and a task of the loop costs a lot more than a handshake should wait for. So
/// all connections share one task, at their first deadline: to set one, or to call it off, is a few comparisons.
///
/// The task stays when no deadline is left: the next connection finds it. When it comes and there is still none, it is the last.
final class Deadlines {
    private struct Entry {
        let time: NIODeadline
        let connection: TimedConnection
    }

    /// Those that have a task, by their event loop. Whoever has a task holds the loop, so that no other gets its address.
    private static let all = Mutex<[ObjectIdentifier: NIOLoopBound<Deadlines>]>([:])

    /// A binary heap, the first deadline at its root.
    private var entries: [Entry] = []
    private var task: NIOScheduledCallback?
    private var taskTime = NIODeadline.distantFuture
    /// Tells the task from those before it.
    private var taskNumber = 0
    /// Whether deadlines that have come are dealt with: then the next task is set when that is done.
    private var isServing = false

    /// Sets a connection's deadline, in the place of the one that it has. An event loop that has ended keeps none.
    static func set(_ time: NIODeadline, for connection: TimedConnection, on eventLoop: any EventLoop) {
        callOff(connection)
        let deadlines = of(eventLoop)
        deadlines.insert(time, connection)
        if !deadlines.isServing && time < deadlines.taskTime { deadlines.schedule(time, on: eventLoop) }
    }

    /// Takes a connection's deadline away, if it has one.
    static func callOff(_ connection: TimedConnection) {
        guard let deadlines = connection.deadlines else { return }
        deadlines.remove(at: connection.place)
    }

    private static func of(_ eventLoop: any EventLoop) -> Deadlines {
        all.withLock { all in
            if let known = all[ObjectIdentifier(eventLoop)] { return known }
            let new = NIOLoopBound(Deadlines(), eventLoop: eventLoop)
            all[ObjectIdentifier(eventLoop)] = new
            return new
        }.value
    }
}

// MARK: The task

extension Deadlines {
    private struct Task: NIOScheduledCallbackHandler {
        let deadlines: Deadlines
        let number: Int

        func handleScheduledCallback(eventLoop: some EventLoop) {
            if deadlines.taskNumber == number { deadlines.serve(eventLoop) }
        }

        func didCancelScheduledCallback(eventLoop: some EventLoop) {
            if deadlines.taskNumber == number { deadlines.end(eventLoop) }
        }
    }

    private func schedule(_ time: NIODeadline, on eventLoop: any EventLoop) {
        // From here on the task before it, which the loop may still call, is none any more.
        taskNumber += 1
        task?.cancel()
        task = nil
        taskTime = time
        let number = taskNumber
        do {
            let task = try eventLoop.assumeIsolated().scheduleCallback(
                at: time,
                handler: Task(deadlines: self, number: number)
            )
            // A loop that is ending has cancelled it already.
            if taskNumber == number { self.task = task }
        } catch {
            end(eventLoop)
        }
    }

    /// Deals with the deadlines that have come.
    private func serve(_ eventLoop: any EventLoop) {
        task = nil
        let now = eventLoop.now
        isServing = true
        while let first = entries.first, first.time <= now {
            remove(at: 0)
            first.connection.deadlinePassed(on: eventLoop)
        }
        isServing = false
        if let first = entries.first { schedule(first.time, on: eventLoop) } else { end(eventLoop) }
    }

    /// There is no task any more, and no deadline without one.
    private func end(_ eventLoop: any EventLoop) {
        taskNumber += 1
        task = nil
        taskTime = .distantFuture
        _ = Self.all.withLock { $0.removeValue(forKey: ObjectIdentifier(eventLoop)) }
        let rest = entries
        entries = []
        for entry in rest { entry.connection.deadlines = nil }
    }
}

// MARK: The heap

extension Deadlines {
    private func insert(_ time: NIODeadline, _ connection: TimedConnection) {
        let entry = Entry(time: time, connection: connection)
        connection.deadlines = self
        entries.append(entry)
        rise(entry, from: entries.count - 1)
    }

    private func remove(at place: Int) {
        entries[place].connection.deadlines = nil
        let last = entries.removeLast()
        guard place < entries.count else { return }
        if place > 0, last.time < entries[(place - 1) / 2].time {
            rise(last, from: place)
        } else {
            sink(last, from: place)
        }
    }

    private func put(_ entry: Entry, at place: Int) {
        entries[place] = entry
        entry.connection.place = place
    }

    /// Finds the place of an entry that may belong nearer to the root than `start`.
    private func rise(_ entry: Entry, from start: Int) {
        var place = start
        while place > 0 {
            let parent = (place - 1) / 2
            guard entry.time < entries[parent].time else { break }
            put(entries[parent], at: place)
            place = parent
        }
        put(entry, at: place)
    }

    /// Finds the place of an entry that may belong farther from the root.
    private func sink(_ entry: Entry, from start: Int) {
        var place = start
        while true {
            var child = 2 * place + 1
            guard child < entries.count else { break }
            if child + 1 < entries.count, entries[child + 1].time < entries[child].time { child += 1 }
            guard entries[child].time < entry.time else { break }
            put(entries[child], at: place)
            place = child
        }
        put(entry, at: place)
    }
}
