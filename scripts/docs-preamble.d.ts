// What an example in the documentation may use without declaring it: things that the reader's app already has.
declare const secret: string
declare const repo: import('@automerge/automerge-repo').Repo
declare const adapter: import('sealsync/automerge').SealsyncNetworkAdapter
declare const url: import('@automerge/automerge-repo').AutomergeUrl
declare const documentId: import('@automerge/automerge-repo').DocumentId
declare const ydoc: import('yjs').Doc
declare const provider: import('sealsync/yjs').SealsyncProvider
declare const element: HTMLElement
declare const editor: import('@tiptap/core').Editor
