/** Who subscribed to what, as a tree of topic levels: the subscribers of a topic without a look at every filter. */

interface Node<Subscriber> {
  readonly children: Map<string, Node<Subscriber>>
  readonly subscribers: Set<Subscriber>
}

export class SubscriptionTree<Subscriber> {
  readonly #root: Node<Subscriber> = emptyNode()

  add(filter: string, subscriber: Subscriber): void {
    let node = this.#root
    for (const level of filter.split('/')) {
      const child = node.children.get(level) ?? emptyNode<Subscriber>()
      node.children.set(level, child)
      node = child
    }
    node.subscribers.add(subscriber)
  }

  remove(filter: string, subscriber: Subscriber): void {
    const path: { readonly node: Node<Subscriber>; readonly level: string }[] = []
    let node: Node<Subscriber> | undefined = this.#root
    for (const level of filter.split('/')) {
      path.push({ node, level })
      node = node.children.get(level)
      if (node === undefined) return
    }
    node.subscribers.delete(subscriber)
    // A branch that nobody is on is cut off, or filters that came and went would stay for ever.
    for (const { node: parent, level } of path.toReversed()) {
      const child = parent.children.get(level)
      if (child === undefined || child.subscribers.size > 0 || child.children.size > 0) return
      parent.children.delete(level)
    }
  }

  /** Each subscriber once, whichever of its filters match. */
  match(topic: string): ReadonlySet<Subscriber> {
    const found = new Set<Subscriber>()
    const levels = topic.split('/')
    const visit = (node: Node<Subscriber>, depth: number): void => {
      // [MQTT-4.7.2-1]: a leading wildcard does not match topics that begin with $.
      const isWildcardHeard = depth > 0 || !topic.startsWith('$')
      // [MQTT-4.7.1-2]: `#` also stands for the parent level.
      if (isWildcardHeard) take(node.children.get('#'))
      const level = levels[depth]
      if (level === undefined) {
        take(node)
        return
      }
      const exact = node.children.get(level)
      if (exact !== undefined) visit(exact, depth + 1)
      const any = isWildcardHeard ? node.children.get('+') : undefined
      if (any !== undefined) visit(any, depth + 1)
    }
    const take = (node: Node<Subscriber> | undefined): void => {
      for (const subscriber of node?.subscribers ?? []) found.add(subscriber)
    }
    visit(this.#root, 0)
    return found
  }
}

function emptyNode<Subscriber>(): Node<Subscriber> {
  return { children: new Map(), subscribers: new Set() }
}
