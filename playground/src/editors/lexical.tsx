import { LexicalCollaboration } from '@lexical/react/LexicalCollaborationContext'
import { CollaborationPlugin } from '@lexical/react/LexicalCollaborationPlugin'
import { LexicalComposer } from '@lexical/react/LexicalComposer'
import { ContentEditable } from '@lexical/react/LexicalContentEditable'
import { LexicalErrorBoundary } from '@lexical/react/LexicalErrorBoundary'
import { RichTextPlugin } from '@lexical/react/LexicalRichTextPlugin'
import { useCallback, useEffect, useRef, useState } from 'react'
import type { Doc } from 'yjs'
import { type EditorProps, LABELS } from './mount.tsx'

const CONFIG = {
  namespace: 'playground',
  // The document comes from the provider.
  editorState: null,
  onError: (error: Error): void => {
    throw error
  },
}

export const Editor = ({ room: { doc, provider }, person, isNew }: EditorProps) => {
  const carets = useRef<HTMLDivElement>(null)
  // A name or color that changes would connect once more.
  const [{ name, color }] = useState(person)
  useEffect(() => {
    provider.awareness.setLocalStateField('name', person.name)
    provider.awareness.setLocalStateField('color', person.color)
  }, [provider, person])
  const open = useCallback(
    (id: string, docs: Map<string, Doc>) => {
      docs.set(id, doc)
      return provider
    },
    [doc, provider],
  )
  return (
    <div>
      <LexicalCollaboration>
        <LexicalComposer initialConfig={CONFIG}>
          <RichTextPlugin
            contentEditable={
              <ContentEditable
                ariaLabel={LABELS['aria-label']}
                ariaMultiline
                data-testid={LABELS['data-testid']}
                aria-placeholder="Type here, then open a second window."
                placeholder={<p className="placeholder">Type here, then open a second window.</p>}
              />
            }
            ErrorBoundary={LexicalErrorBoundary}
          />
          <CollaborationPlugin
            id="lexical"
            rootName="lexical"
            providerFactory={open}
            shouldBootstrap={isNew}
            username={name}
            cursorColor={color}
            cursorsContainerRef={carets}
          />
        </LexicalComposer>
        <div ref={carets} className="carets" />
      </LexicalCollaboration>
    </div>
  )
}
